//! Seeds without entropy: a documented hash of what the engine holds.
//!
//! Two accounts get different seeds, and so does each poll or attempt of one account; the same
//! account and number always give the same seed, so that a run can be repeated.

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// FNV-1a of `name`'s bytes, moved on by `number` steps of the golden ratio (as splitmix64
/// does) and left to the receiver to mix.
pub fn seed(name: &str, number: u64) -> u64 {
    let hash = name.bytes().fold(FNV_OFFSET, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
    });
    hash.wrapping_add(number.wrapping_mul(GOLDEN_GAMMA))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hash of `a` is one of the test vectors that FNV was published with.
    #[test]
    fn a_seed_is_the_hash_moved_on() {
        let of_a = 0xaf63_dc4c_8601_ec8c;
        assert_eq!(seed("", 0), FNV_OFFSET);
        assert_eq!(seed("a", 0), of_a);
        assert_eq!(seed("a", 1), of_a.wrapping_add(GOLDEN_GAMMA));
        assert_eq!(seed("a", 3), seed("a", 2).wrapping_add(GOLDEN_GAMMA));
    }
}
