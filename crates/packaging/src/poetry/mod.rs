//! poetry's sets of versions and its constraint language: `^1.2`, `~1.2`, `>=1,!=1.5,<2`,
//! `<1 || >=2`. The behaviour is that of poetry-core 2.5.0.

pub mod constraint;
pub mod range;

pub use constraint::{InvalidConstraint, Reading};
pub use range::{Constraint, Range};
