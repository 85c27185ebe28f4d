//! What the repository promises about itself: arrows between crates, heads of files, hosts, fixtures.
