//! What a marker can ask about an environment, and in which order a diagram asks it.
//!
//! **Invariant:** the order of the variants is the order of the variables in a diagram.
//! It decides which of many equivalent texts a marker gets (`printed_like_uv` in the tests).

use std::fmt;
use std::sync::Arc;

use crate::version::Version;

macro_rules! keys {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal $(| $alias:literal)*,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// The name as it stands in a marker.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The key of that name; deprecated aliases count.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $($text $(| $alias)* => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

keys!(
    /// A fact of the environment that is a text.
    MarkerString {
        /// `os.name`
        OsName = "os_name" | "os.name",
        /// `sys.platform`
        SysPlatform = "sys_platform" | "sys.platform",
        /// `platform.system()`
        PlatformSystem = "platform_system",
        /// `platform.machine()`
        PlatformMachine = "platform_machine" | "platform.machine",
        /// `platform.python_implementation()`
        PlatformPythonImplementation = "platform_python_implementation"
            | "platform.python_implementation"
            | "python_implementation",
        /// `platform.release()`
        PlatformRelease = "platform_release",
        /// `platform.version()`
        PlatformVersion = "platform_version" | "platform.version",
        /// `sys.implementation.name`
        ImplementationName = "implementation_name",
    }
);

keys!(
    /// A fact of the environment that is a version.
    MarkerVersion {
        /// The version of the interpreter's implementation.
        ImplementationVersion = "implementation_version",
        /// The version of Python, with its patch number.
        PythonFullVersion = "python_full_version",
    }
);

keys!(
    /// A list of names that an installation has chosen (PEP 751).
    MarkerList {
        /// The chosen extras.
        Extras = "extras",
        /// The chosen dependency groups.
        DependencyGroups = "dependency_groups",
    }
);

/// What one node of a diagram asks.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Variable {
    /// Which text has this key?
    String(MarkerString),
    /// Which version is `platform_release`?
    ReleaseVersion,
    /// Which version has this key?
    Version(MarkerVersion),
    /// Is the value of the key a part of this text?
    In(MarkerString, Arc<str>),
    /// Is this text a part of the value of the key?
    Contains(MarkerString, Arc<str>),
    /// Is this extra chosen?
    Extra(Arc<str>),
    /// Is this name in the list?
    List(MarkerList, Arc<str>),
}

impl Variable {
    /// Whether some values of this variable are known to exclude values of another.
    pub(super) fn excludes(&self) -> bool {
        matches!(
            self,
            Self::String(
                MarkerString::OsName | MarkerString::SysPlatform | MarkerString::PlatformSystem
            )
        )
    }

    /// Whether the answer is yes or no.
    pub(super) fn is_boolean(&self) -> bool {
        !matches!(
            self,
            Self::String(_) | Self::ReleaseVersion | Self::Version(_)
        )
    }
}

/// The variable of Python's version, of which every diagram makes much.
pub(super) const PYTHON: Variable = Variable::Version(MarkerVersion::PythonFullVersion);

/// A value at which the answer to a question changes.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Value {
    /// The boundary between yes, which comes first, and no.
    Yes,
    /// A text.
    Text(Arc<str>),
    /// A version.
    Version(Version),
}

/// A boundary between two neighbouring regions of a variable's values.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Cut {
    /// The value next to the boundary.
    pub(super) value: Value,
    /// Whether the value belongs to the region before the boundary.
    pub(super) after: bool,
}
