//! Long lists of columns, of which a few are shown.

/// Columns shown at a time; a list of no more needs no search.
pub const MOST: usize = 24;

/// The names to show, in their order, and how many more there are that contain `part`, whatever the case. Those that are
/// `set` are always shown; of the others the first [`MOST`] that contain `part`.
pub fn shown(names: &[String], part: &str, is_set: impl Fn(&str) -> bool) -> (Vec<String>, usize) {
    let part = part.trim().to_lowercase();
    let (mut room, mut hidden) = (MOST, 0);
    let mut out = Vec::new();
    for name in names {
        if is_set(name) {
            out.push(name.clone());
        } else if name.to_lowercase().contains(&part) {
            if room > 0 {
                room -= 1;
                out.push(name.clone());
            } else {
                hidden += 1;
            }
        }
    }
    (out, hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_stays_in_sight_and_in_its_place() {
        let names: Vec<String> = (0..100).map(|i| format!("Column {i}")).collect();
        let (all, hidden) = shown(&names, "", |_| false);
        assert_eq!((all.len(), hidden), (MOST, 100 - MOST));
        let (found, hidden) = shown(&names, " column 7", |n| n == "Column 50" || n == "Column 71");
        assert_eq!((found.len(), hidden), (12, 0));
        assert_eq!(found[..3], ["Column 7", "Column 50", "Column 70"]);
        assert_eq!(shown(&names, "other", |n| n == "Column 3").0, ["Column 3"]);
    }
}
