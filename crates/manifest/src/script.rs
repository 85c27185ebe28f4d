//! Requirements inside a script.
//!
//! <https://packaging.python.org/en/latest/specifications/inline-script-metadata/>
