//! What expressions mean, and that nothing written breaks anything.
