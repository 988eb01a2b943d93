//! Features of few bins that share a column of codes, so that one addition to a histogram serves them all.
//!
//! The features of a [`Joint`] have, over the training rows, at most 256 combinations of bins, and each combination is
//! a code. So two features of 16 bins may share a column, or eight of two, or any number of which few rows have more
//! than one away from its usual bin, as with a category's levels a column each: there it is the bundling of exclusive
//! features (Ke et al., "LightGBM", 2017, section 4), without conflicts. What the sums by code say of one feature
//! ([`Member::sums`]) is what summing by its bins would have said, for the sums are integers.

use super::binning::Binned;

/// Most codes of a column: they are `u8`.
const MAX_CODES: usize = 256;
/// A code must have so many rows to itself, or turning codes back to bins outweighs what they save.
/// Fewer in tests, so that they have joints.
const ROWS_PER_CODE: usize = if cfg!(test) { 2 } else { 32 };
/// Most bins of a feature that may share a column, the missing one included: beside it there is room for one of two.
const MOST_BINS: usize = MAX_CODES / 2 + 1;
/// Columns, the newest ones, that a feature is tried with though they may turn out to have no room for it.
const TRIED: usize = 8;
/// Rows that are looked at before all are.
const GLANCE: usize = 512;
/// A combination that no row has had yet.
const UNSEEN: u16 = u16::MAX;

#[cfg(test)]
thread_local! {
    /// Whether every feature has a column of its own.
    pub static APART: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Features that share a column.
#[derive(Debug, Clone, Default)]
pub struct Joint {
    /// The code of each row.
    pub codes: Vec<u8>,
    /// Codes are below this.
    pub count: usize,
    pub members: Vec<Member>,
}

/// A feature that shares a column.
#[derive(Debug, Clone)]
pub struct Member {
    /// Its number in [`Binned::features`].
    pub feature: u32,
    /// The bin of most codes.
    usual: u8,
    /// The codes of its other bins, bin by bin.
    codes: Vec<u8>,
    /// Those other bins, and where in `codes` each ends.
    ends: Vec<(u8, usize)>,
}

impl Member {
    fn new(feature: u32, bin_of_code: &[u8]) -> Self {
        let mut codes_of_bin = vec![Vec::new(); MAX_CODES];
        for (code, &bin) in bin_of_code.iter().enumerate() {
            codes_of_bin[usize::from(bin)].push(code as u8);
        }
        let usual = (0..MAX_CODES).rev().max_by_key(|&bin| codes_of_bin[bin].len()).unwrap_or(0);
        let mut member = Self { feature, usual: usual as u8, codes: Vec::new(), ends: Vec::new() };
        for (bin, codes) in codes_of_bin.iter().enumerate() {
            if bin != usual && !codes.is_empty() {
                member.codes.extend_from_slice(codes);
                member.ends.push((bin as u8, member.codes.len()));
            }
        }
        member
    }

    /// The sums of this feature's bins, by those of the codes, which are `total` together.
    pub fn sums(&self, of_codes: &[i64; MAX_CODES], total: i64, of_bins: &mut [i64]) {
        of_bins.fill(0);
        let (mut start, mut rest) = (0, total);
        for &(bin, end) in &self.ends {
            let sum = self.codes[start..end].iter().map(|&code| of_codes[usize::from(code)]).sum();
            of_bins[usize::from(bin)] = sum;
            rest -= sum;
            start = end;
        }
        of_bins[usize::from(self.usual)] = rest;
    }
}

/// A column while features join it.
struct Open {
    codes: Vec<u8>,
    count: usize,
    /// Features, and the bin of each of the codes.
    members: Vec<(u32, Vec<u8>)>,
}

/// Memory for trying whether a feature may join a column.
#[derive(Default)]
struct Trial {
    /// Old code × bins: the new code.
    places: Vec<u16>,
    /// Old code and bin of each new code.
    made: Vec<(u8, u8)>,
    codes: Vec<u8>,
}

impl Trial {
    /// The code of a combination, a new one where it has none; `None` where there are `most` already.
    #[inline(always)]
    fn code(&mut self, place: usize, code: u8, bin: u8, most: usize) -> Option<u8> {
        if self.places[place] == UNSEEN {
            if self.made.len() == most {
                return None;
            }
            self.places[place] = self.made.len() as u16;
            self.made.push((code, bin));
        }
        Some(self.places[place] as u8)
    }
}

impl Open {
    /// Takes a feature in where the combinations are at most `most`; whether it did.
    fn take(&mut self, feature: u32, bins: &[u8], bin_count: usize, most: usize, trial: &mut Trial) -> bool {
        trial.places.clear();
        trial.places.resize(self.count * bin_count, UNSEEN);
        trial.made.clear();
        trial.codes.resize(bins.len(), 0);
        let place = |code: u8, bin: u8| usize::from(code) * bin_count + usize::from(bin);
        for row in (0..bins.len()).step_by(bins.len().div_ceil(GLANCE).max(1)) {
            let (code, bin) = (self.codes[row], bins[row]);
            if trial.code(place(code, bin), code, bin, most).is_none() {
                return false;
            }
        }
        let mut codes = std::mem::take(&mut trial.codes);
        let rows = codes.iter_mut().zip(self.codes.iter().zip(bins));
        let mut fits = true;
        for (new, (&code, &bin)) in rows {
            let Some(joint) = trial.code(place(code, bin), code, bin, most) else {
                fits = false;
                break;
            };
            *new = joint;
        }
        trial.codes = codes;
        if fits {
            std::mem::swap(&mut self.codes, &mut trial.codes);
            self.count = trial.made.len();
            for (_, bin_of_code) in &mut self.members {
                *bin_of_code = trial.made.iter().map(|&(code, _)| bin_of_code[usize::from(code)]).collect();
            }
            self.members.push((feature, trial.made.iter().map(|&(_, bin)| bin).collect()));
        }
        fits
    }
}

/// The features that share columns. Those of many bins come first, and each goes to the first column that surely has
/// room for it, or else to one of the newest that turns out to.
pub fn joints(data: &Binned) -> Vec<Joint> {
    let most = (data.rows / ROWS_PER_CODE).min(MAX_CODES);
    let mut order: Vec<(usize, u32)> = Vec::new();
    for (f, feature) in data.features.iter().enumerate().filter(|(_, f)| f.bin_count <= MOST_BINS) {
        let missing = (feature.bin_count - 1) as u8;
        let occupied = feature.bin_count - usize::from(!feature.bins.contains(&missing));
        if 2 * occupied <= most {
            order.push((occupied, f as u32));
        }
    }
    #[cfg(test)]
    order.retain(|_| !APART.get());
    order.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut trial = Trial::default();
    let mut open: Vec<Open> = Vec::new();
    for (occupied, f) in order {
        let feature = &data.features[f as usize];
        let (bins, bin_count) = (&feature.bins, feature.bin_count);
        let sure = open.iter_mut().find(|o| o.count * occupied <= most);
        let joined = match sure {
            Some(column) => column.take(f, bins, bin_count, most, &mut trial),
            None => open.iter_mut().rev().take(TRIED).any(|o| o.take(f, bins, bin_count, most, &mut trial)),
        };
        if !joined {
            let members = vec![(f, (0..bin_count).map(|bin| bin as u8).collect())];
            open.push(Open { codes: bins.clone(), count: bin_count, members });
        }
    }
    open.retain(|column| column.members.len() > 1);
    let joint = |column: Open| Joint {
        codes: column.codes,
        count: column.count,
        members: column.members.iter().map(|(feature, bins)| Member::new(*feature, bins)).collect(),
    };
    open.into_iter().map(joint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner::tree::testing::{frame, levels, numbers};
    use crate::node::FeatureValues;
    use crate::numeric::Rng;

    const ROWS: usize = 6000;

    fn column(mut value: impl FnMut(usize) -> usize) -> FeatureValues {
        numbers((0..ROWS).map(|row| value(row) as f32))
    }

    /// The columns that features of these numbers share: of each its codes and features.
    fn check(columns: Vec<FeatureValues>, expected: &[(usize, &[u32])]) {
        let data = Binned::new(&frame(columns), 255, 0);
        let found = joints(&data);
        let short: Vec<(usize, Vec<u32>)> =
            found.iter().map(|j| (j.count, j.members.iter().map(|m| m.feature).collect())).collect();
        let expected: Vec<_> = expected.iter().map(|(count, features)| (*count, features.to_vec())).collect();
        assert_eq!(short, expected);
        // A code stands for the bins of its rows.
        for (joint, member) in found.iter().flat_map(|j| j.members.iter().map(move |m| (j, m))) {
            let feature = &data.features[member.feature as usize];
            let (mut of_codes, mut of_bins) = ([0i64; MAX_CODES], vec![0i64; feature.bin_count]);
            for (row, (&code, &bin)) in joint.codes.iter().zip(&feature.bins).enumerate() {
                of_codes[usize::from(code)] += row as i64;
                of_bins[usize::from(bin)] += row as i64;
            }
            let mut sums = vec![7; feature.bin_count];
            member.sums(&of_codes, of_codes.iter().sum(), &mut sums);
            assert_eq!(sums, of_bins);
        }
    }

    #[test]
    fn few_bins_share_a_column() {
        let mut rng = Rng::new(1);
        let mut random = |levels: usize| column(|_| rng.below(levels));
        // Two of sixteen; eight of two; not two of seventeen, but one of them and fourteen levels of the other kind.
        check((0..2).map(|_| random(16)).collect(), &[(256, &[0, 1])]);
        check((0..8).map(|_| random(2)).collect(), &[(256, &[0, 1, 2, 3, 4, 5, 6, 7])]);
        check((0..2).map(|_| random(17)).collect(), &[]);
        let category = levels((0..ROWS as u32).map(|row| row / 7 % 14), 14);
        check(vec![random(17), random(200), category, random(17)], &[(238, &[0, 2])]);
    }

    #[test]
    fn what_excludes_each_other_shares_a_column() {
        let mut rng = Rng::new(2);
        let level: Vec<usize> = (0..ROWS).map(|_| rng.below(200)).collect();
        let one_hot = (0..200).map(|l| column(|row| usize::from(level[row] == l))).collect();
        let all: Vec<u32> = (0..200).collect();
        check(one_hot, &[(200, &all)]);
        // Numbers that are mostly 0, a hundred each.
        let sparse = (0..2).map(|c| column(|row| if row % 9 == c { 1 + row % 100 } else { 0 })).collect();
        check(sparse, &[(201, &[0, 1])]);
        // A hundred features that say the same; a function of two others.
        let copies = (0..100).map(|c| column(|row| level[row] % 100 + c)).collect();
        check(copies, &[(100, &(0..100).collect::<Vec<u32>>())]);
        let sum = (0..3).map(|c| column(|row| [row % 15, row % 17, row % 15 + row % 17][c])).collect();
        check(sum, &[(255, &[2, 1, 0])]);
    }

    #[test]
    fn few_rows_have_no_columns_to_share() {
        let data = Binned::new(&frame(vec![numbers([0.0, 1.0, 0.0]), numbers([1.0, 1.0, 0.0])]), 255, 0);
        assert!(joints(&data).is_empty() && joints(&Binned::default()).is_empty());
    }
}
