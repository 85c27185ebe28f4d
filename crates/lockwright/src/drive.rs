//! The only loop: steps the resolver, asks the source, teaches the answers. (being written)
