//! Constraints as they are written: which feature has which direction, and which may meet in a branch.

use crate::learner::Params;
use crate::learner::tree::binning::Binned;
use crate::learner::tree::constraint::Constraints;
use crate::node::{FeatureValues, Frame};

/// Most groups of features that may meet, the one of all others among them.
const MOST_GROUPS: usize = 64;
/// Features that a message lists.
const LISTED: usize = 8;

/// The constraints that the parameters `monotone` and `interactions` name.
///
/// # Errors
/// What cannot be read or is not there, and what to write.
pub(super) fn read(params: &Params, frame: &Frame, data: &Binned) -> Result<Constraints, String> {
    let directions = directions(params.text("monotone"), frame)?;
    let groups = groups(params.text("interactions"), frame)?;
    let of_features = |column: usize| data.features.iter().position(|f| f.column as usize == column);
    let mut constraints = Constraints::default();
    if directions.iter().any(|d| d.1 != 0) {
        constraints.monotone = vec![0; data.features.len()];
        for (column, direction) in directions {
            if let Some(feature) = of_features(column) {
                constraints.monotone[feature] = direction;
            }
        }
    }
    if !groups.is_empty() {
        constraints.groups = vec![0; data.features.len()];
        for (g, group) in groups.iter().enumerate() {
            for feature in group.iter().filter_map(|&column| of_features(column)) {
                constraints.groups[feature] |= 1 << g;
            }
        }
        // What no group names is one more.
        constraints.groups.iter_mut().filter(|g| **g == 0).for_each(|g| *g = 1 << groups.len());
    }
    Ok(constraints)
}

/// Columns of `name:+1, name:-1`, and their directions.
fn directions(text: &str, frame: &Frame) -> Result<Vec<(usize, i8)>, String> {
    let mut directions = Vec::new();
    for item in parts(text, ',').filter(|item| !item.trim().is_empty()) {
        let (name, direction) = item.rsplit_once(':').unwrap_or((item, ""));
        let direction = match direction.trim() {
            "+1" | "1" | "+" => 1,
            "-1" | "-" => -1,
            "0" => 0,
            _ => {
                return Err(format!(
                    "`monotone` has \"{}\" without a direction: write feature:+1 or feature:-1, with commas between",
                    item.trim()
                ));
            }
        };
        let column = column(name, "monotone", frame)?;
        if matches!(frame.columns[column].values, FeatureValues::Categorical { .. }) {
            return Err(format!(
                "`monotone` names {}, which is categorical: only numbers have a direction",
                name.trim()
            ));
        }
        directions.push((column, direction));
    }
    Ok(directions)
}

/// Columns of `[name, name] [name, name]`, group by group.
fn groups(text: &str, frame: &Frame) -> Result<Vec<Vec<usize>>, String> {
    let mut groups = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let unread = || format!("`interactions` cannot be read at \"{rest}\": write [a, b] [c, d]");
        let inside = rest.strip_prefix('[').ok_or_else(unread)?;
        let group =
            parts(inside, ']').next().filter(|group| group.len() < inside.len()).ok_or_else(unread)?;
        let names = parts(group, ',').filter(|name| !name.trim().is_empty());
        groups.push(names.map(|name| column(name, "interactions", frame)).collect::<Result<_, _>>()?);
        rest = inside[group.len() + 1..].trim_start_matches(|c: char| c.is_whitespace() || c == ',');
    }
    if groups.len() >= MOST_GROUPS {
        return Err(format!(
            "`interactions` has {} groups: at most {} can be kept apart",
            groups.len(),
            MOST_GROUPS - 1
        ));
    }
    Ok(groups)
}

/// The text between separators that are not in double quotes.
fn parts(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    text.split(move |c: char| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
}

/// The column of a name, which may be in double quotes.
fn column(name: &str, parameter: &str, frame: &Frame) -> Result<usize, String> {
    let name = name.trim();
    let bare = name.strip_prefix('"').and_then(|n| n.strip_suffix('"'));
    let name = bare.map_or_else(|| name.to_owned(), |n| n.replace("\"\"", "\""));
    frame.columns.iter().position(|c| c.name == name).ok_or_else(|| {
        let known: Vec<&str> = frame.columns.iter().take(LISTED).map(|c| c.name.as_str()).collect();
        let more = if frame.columns.len() > LISTED { ", …" } else { "" };
        format!("`{parameter}` names \"{name}\", which is no feature: there are {}{more}", known.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner::ParamValue::Text;
    use crate::learner::tree::testing::{levels, numbers};
    use crate::node::FeatureColumn;

    fn read_from(monotone: &str, interactions: &str) -> Result<Constraints, String> {
        let named = |name: &str, values| FeatureColumn { name: name.to_owned(), values };
        let columns = vec![
            named("age", numbers([1.0, 2.0, 3.0])),
            named("same", numbers([1.0; 3])),
            named("a, \"b\": [c]", numbers([3.0, 2.0, 1.0])),
            named("town", levels([0, 1, 2], 3)),
        ];
        let frame = Frame { columns, rows: 3 };
        let params = Params::default()
            .with("monotone", Text(monotone.to_owned()))
            .with("interactions", Text(interactions.to_owned()));
        read(&params, &frame, &Binned::new(&frame, 255, 0))
    }

    #[test]
    fn what_is_written_is_kept() {
        let odd = "\"a, \"\"b\"\": [c]\"";
        assert_eq!(read_from("", " "), Ok(Constraints::default()));
        assert_eq!(read_from("age:0", "").map(|c| c.is_monotone()), Ok(false));
        let both = read_from(&format!(" age : +1 ,{odd}:-1,"), "").expect("is read");
        assert_eq!(both.monotone, [1, -1, 0]);
        // A feature that does not vary may be named, and is none.
        assert_eq!(read_from("same:-1", "").expect("is read").monotone, [0, 0, 0]);
        let groups = read_from("", &format!("[age, same], [{odd},age]")).expect("is read").groups;
        assert_eq!(groups, [0b11, 0b10, 0b100]);
        assert_eq!(read_from("", "[]").expect("is read").groups, [0b10; 3]);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        for (monotone, interactions, told) in [
            ("age", "", "without a direction"),
            ("age:up", "", "write feature:+1"),
            ("agee:+1", "", "\"agee\", which is no feature: there are age, same"),
            ("town:1", "", "town, which is categorical"),
            ("", "age", "cannot be read at \"age\""),
            ("", "[age", "write [a, b] [c, d]"),
            ("", "[age] x", "cannot be read at \"x\""),
            ("", "[agee]", "`interactions` names \"agee\""),
            ("", &"[age]".repeat(64), "64 groups"),
        ] {
            let error = read_from(monotone, interactions).expect_err("is refused");
            assert!(error.contains(told), "{error}");
        }
    }
}
