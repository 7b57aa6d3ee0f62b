//! File names made of names that come from outside. See [`safe_name`].

/// The longest file name made, in bytes; every file system takes 255 with an extension.
const LONGEST: usize = 120;

/// Turns any text into a file name: ASCII letters, digits, `_`, `-` and single dots stay, runs of
/// anything else become one `-`. The result is never empty, hidden, a path, a device name of
/// Windows, or longer than 120 bytes. Different texts may give the same name.
pub fn safe_name(text: &str) -> String {
    let mut name = String::new();
    for char in text.chars() {
        let keep = char.is_ascii_alphanumeric() || "_-.".contains(char);
        let char = if keep { char } else { '-' };
        let doubled = !char.is_ascii_alphanumeric() && char != '_' && name.ends_with(char);
        if !doubled {
            name.push(char);
        }
    }
    name.truncate(LONGEST);
    let name = name.trim_matches(['.', '-']);
    match name {
        "" => "unnamed".to_owned(),
        _ if is_device(name) => format!("_{name}"),
        _ => name.to_owned(),
    }
}

/// Returns true for the names that Windows keeps for devices, with or without an extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
    let numbered = |prefix| {
        stem.strip_prefix(prefix)
            .is_some_and(|rest: &str| rest.len() == 1 && rest.as_bytes()[0].is_ascii_digit())
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_stay_readable() {
        for (text, name) in [
            ("mobile_sam", "mobile_sam"),
            ("patient 07/slice#3", "patient-07-slice-3"),
            ("../../etc/passwd", "etc-passwd"),
            ("/abs/olute", "abs-olute"),
            (".hidden", "hidden"),
            ("Leber (groß)", "Leber-gro"),
            ("肝臓", "unnamed"),
            ("", "unnamed"),
            ("..", "unnamed"),
            ("v1.2", "v1.2"),
            ("a\0b\nc", "a-b-c"),
            ("NUL.png", "_NUL.png"),
        ] {
            assert_eq!(safe_name(text), name, "{text:?}");
        }
        assert_eq!(safe_name(&"x".repeat(1000)).len(), LONGEST);
    }

    proptest! {
        #[test]
        fn any_text_gives_one_plain_component(text in ".{0,300}") {
            let name = safe_name(&text);
            let path = std::path::Path::new(&name);
            prop_assert_eq!(path.components().count(), 1);
            prop_assert_eq!(path.file_name().and_then(|name| name.to_str()), Some(name.as_str()));
            prop_assert!(!name.starts_with(['.', '-']) && !name.contains("..") && name.len() <= LONGEST + 1);
            prop_assert_eq!(safe_name(&name), name);
        }
    }
}
