//! Suites that walk folders. Each case is data; see the folders beside this one.
