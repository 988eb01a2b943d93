//! Metrics, equal to scikit-learn's, one file each.
