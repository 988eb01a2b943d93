//! Exactness of the parts of a tree.
