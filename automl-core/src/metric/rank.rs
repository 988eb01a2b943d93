//! Scores as integers that sort alike: what the two ranking metrics share.

/// `score` (not NaN) as an integer of the same order. Both zeros are equal.
pub(super) fn sort_key(score: f64) -> u64 {
    // −0 + 0 is +0, so that the two compare equal as bits.
    let bits = (score + 0.0).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// Keys of the rows of class `class` and of the others, unsorted, from column `class` of `probabilities`.
pub(super) fn split_keys(
    codes: &[u32],
    probabilities: &[f64],
    classes: usize,
    class: u32,
) -> (Vec<u64>, Vec<u64>) {
    let mut inside = Vec::new();
    let mut outside = Vec::with_capacity(codes.len());
    let scores = probabilities.iter().skip(class as usize).step_by(classes.max(1));
    for (&code, &score) in codes.iter().zip(scores) {
        let key = sort_key(score);
        if code == class {
            inside.push(key);
        } else {
            outside.push(key);
        }
    }
    (inside, outside)
}

/// Mean of a one-class-against-the-rest metric: of the second class alone when there are two, else over the
/// classes where it is defined.
pub(super) fn one_against_rest(
    codes: &[u32],
    probabilities: &[f64],
    classes: usize,
    metric: impl Fn(Vec<u64>, Vec<u64>) -> Option<f64>,
) -> Option<f64> {
    let score = |class: u32| {
        let (inside, outside) = split_keys(codes, probabilities, classes, class);
        metric(inside, outside)
    };
    if classes == 2 {
        return score(1);
    }
    let defined: Vec<f64> = (0..u32::try_from(classes).ok()?).filter_map(score).collect();
    (!defined.is_empty()).then(|| crate::numeric::mean(&defined))
}
