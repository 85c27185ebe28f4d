//! Markers whose text was looked up in poetry-core 2.5.0.

use crate::poetry::constraint::Reading;
use crate::poetry::marker_parse::read;
use crate::poetry::range::Constraint;

/// Verified against poetry-core 2.5.0.
#[test]
fn prints_what_poetry_prints() {
    for (written, printed) in [
        (
            "python_version>='3.11' and python_version<'3.12'",
            r#"python_version == "3.11""#,
        ),
        (
            "python_version == '3.11' or python_version == '3.12'",
            r#"python_version >= "3.11" and python_version < "3.13""#,
        ),
        ("'bsd' in sys_platform", r#""bsd" in sys_platform"#),
        ("os.name=='posix' and os_name == 'nt'", "<empty>"),
        (
            "os_name == 'nt' and python_version < '3.12' or os_name == 'java' and python_version < '3.12'",
            r#"(os_name == "nt" or os_name == "java") and python_version < "3.12""#,
        ),
        (
            "python_version < '3.12' or python_version >= '3.12' and os_name == 'nt'",
            r#"python_version < "3.12" or os_name == "nt""#,
        ),
        (
            "extra == 'b' and python_version < '3.11' or os_name != 'nt' or python_version <= '3.10'",
            r#"os_name != "nt" or python_version <= "3.10""#,
        ),
    ] {
        assert_eq!(read(written).unwrap().to_string(), printed, "{written}");
    }
    for wrong in [
        "colour == 'red'",
        "'nt' == os_name",
        "os_name = 'nt'",
        "(os_name == 'nt'",
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

/// Verified against poetry-core 2.5.0.
#[test]
fn leaves_out_what_the_projects_python_says() {
    for (written, python, printed) in [
        (
            "python_version < '3.12'",
            ">=3.11",
            r#"python_version == "3.11""#,
        ),
        ("python_version >= '3.9'", "^3.11", ""),
        (
            "python_full_version < '3.12.0'",
            ">=3.11",
            r#"python_full_version < "3.12.0""#,
        ),
        (
            "python_full_version < '3.12.0'",
            ">=3.11,<3.14",
            r#"python_version == "3.11""#,
        ),
    ] {
        let python = Constraint::read(python, Reading::Requirement).unwrap();
        let reduced = read(written).unwrap().reduce_by_python(&python);
        assert_eq!(reduced.to_string(), printed, "{written}");
    }
}

#[test]
fn extras_can_be_taken_away() {
    let marker = read("extra == 'fast' and os_name == 'nt'").unwrap();
    assert_eq!(marker.extras(), ["fast"]);
    assert_eq!(marker.exclude("extra").to_string(), r#"os_name == "nt""#);
    assert!(!marker.holds_with_extras(&|_| false));
}
