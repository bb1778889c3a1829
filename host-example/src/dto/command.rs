//! A command of the API: its name and its query.

use serde::Deserialize;

use crate::bindings::exports::merge_sync::triggers::triggers::{Approval, Command};
use crate::shortened::shortened;

/// What a command is about: the query of its request.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandDto {
    /// The model's id, for `reread-model` and `approve-deletions`.
    pub model: Option<String>,
    /// The held sweep's pass, for `approve-deletions`.
    pub pass: Option<String>,
}

/// Why there is no command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoCommand {
    /// There is none of that name.
    Unknown,
    /// A parameter is missing, too much or wrong; which, and what was expected.
    Parameter(String),
}

/// A command by the contract's name.
///
/// # Errors
///
/// See [`NoCommand`].
pub fn command(name: &str, about: CommandDto) -> Result<Command, NoCommand> {
    let parameter = |text: String| Err(NoCommand::Parameter(text));
    let model = |about: Option<String>| match about {
        Some(model) if !model.is_empty() => Ok(model),
        _ => Err(NoCommand::Parameter(format!(
            "model: `{name}` needs one, for example `?model=hris.Employee`"
        ))),
    };
    let plain = match name {
        "poll" => Command::Poll,
        "reread" => Command::Reread,
        "pause" => Command::Pause,
        "resume" => Command::Resume,
        "unlink" => Command::Unlink,
        "reset" => Command::Reset,
        "reread-model" if about.pass.is_some() => {
            return parameter(format!("pass: `{name}` takes none"));
        }
        "reread-model" => return Ok(Command::RereadModel(model(about.model)?)),
        "approve-deletions" => {
            let model_id = model(about.model)?;
            let text = about.pass.unwrap_or_default();
            let Ok(pass) = text.parse() else {
                let found = shortened(&text);
                return parameter(format!(
                    "pass: `{found}` is not the number of a held sweep's pass, which the account's \
                     view gives as `held_sweep.pass`"
                ));
            };
            return Ok(Command::ApproveDeletions(Approval { model_id, pass }));
        }
        _ => return Err(NoCommand::Unknown),
    };
    if about != CommandDto::default() {
        return parameter(format!(
            "`{name}` is of the whole account: it takes no model and no pass"
        ));
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::{CommandDto, NoCommand, command};
    use crate::bindings::exports::merge_sync::triggers::triggers::Command;

    fn about(model: Option<&str>, pass: Option<&str>) -> CommandDto {
        CommandDto {
            model: model.map(str::to_owned),
            pass: pass.map(str::to_owned),
        }
    }

    #[track_caller]
    fn refused(name: &str, about: CommandDto, field: &str) {
        match command(name, about) {
            Err(NoCommand::Parameter(text)) => assert!(text.starts_with(field), "{text}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_command_of_one_model_names_it() {
        let named = command("reread-model", about(Some("hris.Team"), None));
        assert!(matches!(named, Ok(Command::RereadModel(model)) if model == "hris.Team"));
        refused("reread-model", about(None, None), "model:");
        refused("reread-model", about(Some(""), None), "model:");
        refused("reread-model", about(Some("hris.Team"), Some("3")), "pass:");
        refused("poll", about(Some("hris.Team"), None), "`poll`");
    }

    #[test]
    fn an_approval_names_the_pass_that_was_seen() {
        let named = command("approve-deletions", about(Some("hris.Team"), Some("3")));
        assert!(matches!(
            named,
            Ok(Command::ApproveDeletions(approval))
                if approval.model_id == "hris.Team" && approval.pass == 3
        ));
        refused("approve-deletions", about(None, Some("3")), "model:");
        for pass in [None, Some(""), Some("-1"), Some("three")] {
            refused("approve-deletions", about(Some("hris.Team"), pass), "pass:");
        }
    }

    #[test]
    fn other_names_are_no_commands() {
        assert!(matches!(
            command("explode", about(None, None)),
            Err(NoCommand::Unknown)
        ));
    }
}
