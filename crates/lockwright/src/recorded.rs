//! Answers from a folder of recordings, for tests. (being written)
