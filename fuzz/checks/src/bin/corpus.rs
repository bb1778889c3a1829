//! `corpus sow|unpack|pack TARGET FOLDER`: between the kept inputs and libFuzzer's folder of files.
//!
//! For `cargo xtask fuzz`, which calls it before and after.

use std::env;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use merge_sync_fuzz::{Target, pack, sow, unpack};

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [what, target, folder] = arguments.as_slice() else {
        bail!("expected `sow`, `unpack` or `pack`, a target and a folder, found {arguments:?}");
    };
    let target =
        Target::named(target).with_context(|| format!("no target is called `{target}`"))?;
    match what.as_str() {
        "sow" => sow(target, Path::new(folder)),
        "unpack" => unpack(target, Path::new(folder)),
        "pack" => {
            let kept = pack(target, Path::new(folder))?;
            println!("{}: {kept} inputs kept", target.name);
            Ok(())
        }
        _ => bail!("expected `sow`, `unpack` or `pack`, found `{what}`"),
    }
}
