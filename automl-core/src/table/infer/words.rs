//! Columns of words: yes and no, categories, prose, identifiers.

use super::builder::{Finished, Parsing};
use super::decide::Dictionary;
use super::numeric::note_unparsed;
use super::strings::{Shape, is_id_name, opposite, truth_of};
use crate::table::{BitMask, Column, ColumnType, MISSING_CODE, TextValues, Values};
use std::collections::{BTreeMap, BTreeSet};

/// The type of a column of `distinct` different texts; `shape` counts the rows that have one.
fn string_type(name: &str, distinct: u64, missing_rows: u64, shape: Shape) -> ColumnType {
    let rows = shape.count;
    let unique = distinct == rows;
    let one_token = shape.mean_words() <= 1.5;
    if distinct <= 1 && missing_rows == 0 {
        ColumnType::Constant
    } else if is_id_name(name) && rows >= 3 && distinct * 20 > rows * 19 && shape.mean_words() < 3.0
        || unique && rows >= 20 && one_token
    {
        ColumnType::Id
    } else if (shape.mean_words() >= 5.0 || shape.mean_chars() >= 60.0)
        && distinct > 20
        && distinct * 10 > rows
        || distinct > 50 && distinct * 2 > rows
        || unique && rows >= 20
    {
        ColumnType::Text
    } else {
        ColumnType::Categorical
    }
}

fn finished(name: &str, ty: ColumnType, values: Values, missing_tokens: BTreeSet<String>) -> Finished {
    Finished {
        column: Column { name: name.to_string(), ty, values, spellings: Vec::new() },
        diagnostics: Vec::new(),
        missing_tokens,
        day_first: None,
    }
}

pub(super) fn from_dictionary(name: &str, dictionary: &Dictionary, forced: Option<ColumnType>) -> Finished {
    // Texts that differ in outer white space only are one level.
    let mut codes_by_text: BTreeMap<&str, u32> = BTreeMap::new();
    let mut levels: Vec<String> = Vec::new();
    let mut new_codes = vec![MISSING_CODE; dictionary.levels.len()];
    let mut shape = Shape::default();
    for &code in &dictionary.present {
        let text = dictionary.level(code);
        shape.add(text, dictionary.rows_of(code));
        let next = levels.len() as u32;
        let new = *codes_by_text.entry(text).or_insert(next);
        if new == next {
            levels.push(text.to_string());
        }
        new_codes[code as usize] = new;
    }
    let ty = forced.unwrap_or_else(|| string_type(name, levels.len() as u64, dictionary.missing_rows, shape));
    let values = if matches!(ty, ColumnType::Text | ColumnType::Id) {
        let mut text = TextValues::default();
        for &code in dictionary.codes {
            let present = new_codes.get(code as usize).is_some_and(|&c| c != MISSING_CODE);
            text.push(present.then(|| dictionary.levels.level(code as usize)));
        }
        Values::Text(text)
    } else {
        Values::Dict { codes: dictionary.map_rows(&new_codes, MISSING_CODE), levels }
    };
    finished(name, ty, values, dictionary.tokens.clone())
}

pub(super) fn from_text(
    name: &str,
    text: TextValues,
    forced: Option<ColumnType>,
    parsing: &Parsing,
) -> Finished {
    let is_missing = |field: &str| parsing.missing.holds(field.trim());
    let mut tokens = BTreeSet::new();
    let mut shape = Shape::default();
    let mut missing_rows = 0;
    for row in 0..text.len() {
        match text.get(row) {
            Some(field) if is_missing(field) => {
                missing_rows += 1;
                if !tokens.contains(field.trim()) {
                    tokens.insert(field.trim().to_string());
                }
            }
            Some(field) => shape.add(field.trim(), 1),
            None => missing_rows += 1,
        }
    }
    let present = |row: usize| text.get(row).filter(|f| !is_missing(f));
    let ty = forced.unwrap_or_else(|| {
        let mut sorted: Vec<&str> = (0..text.len()).filter_map(present).map(str::trim).collect();
        sorted.sort_unstable();
        sorted.dedup();
        string_type(name, sorted.len() as u64, missing_rows, shape)
    });
    let values = if matches!(ty, ColumnType::Text | ColumnType::Id) {
        if tokens.is_empty() {
            Values::Text(text)
        } else {
            let mut kept = TextValues::default();
            for row in 0..text.len() {
                kept.push(present(row));
            }
            Values::Text(kept)
        }
    } else {
        let mut codes_by_text: BTreeMap<&str, u32> = BTreeMap::new();
        let mut levels = Vec::new();
        let codes = (0..text.len())
            .map(|row| {
                let Some(field) = present(row).map(str::trim) else { return MISSING_CODE };
                *codes_by_text.entry(field).or_insert_with(|| {
                    levels.push(field.to_string());
                    levels.len() as u32 - 1
                })
            })
            .collect();
        Values::Dict { codes, levels }
    };
    finished(name, ty, values, tokens)
}

/// Reads truth words; the file's first spelling of each is kept as its label.
pub(super) fn booleans(name: &str, dictionary: &Dictionary) -> Finished {
    let mut labels = [None, None];
    let mut of_level: Vec<Option<bool>> = vec![None; dictionary.levels.len()];
    let (mut unread, mut first) = (0, None);
    for &code in &dictionary.present {
        let word = dictionary.level(code);
        match truth_of(word) {
            Some((_, yes)) => {
                of_level[code as usize] = Some(yes);
                labels[usize::from(yes)].get_or_insert_with(|| word.to_string());
            }
            None => {
                unread += dictionary.rows_of(code);
                let row = || dictionary.codes.iter().position(|&c| c == code).unwrap_or(0);
                first = first.or_else(|| Some((row(), word)));
            }
        }
    }
    let truths: Vec<Option<bool>> = dictionary.map_rows(&of_level, None);
    let mut out = from_truths(name, &truths, labels);
    out.missing_tokens.clone_from(&dictionary.tokens);
    note_unparsed(&mut out.diagnostics, name, "yes or no", unread, first);
    out
}

pub(super) fn booleans_from_text(name: &str, text: &TextValues, parsing: &Parsing) -> Finished {
    let mut labels = [None, None];
    let (mut unread, mut first) = (0, None);
    let mut truths = Vec::with_capacity(text.len());
    for row in 0..text.len() {
        let field = text.get(row).map(str::trim).filter(|f| !parsing.missing.holds(f));
        let truth = field.and_then(truth_of).map(|(_, yes)| yes);
        if let (Some(word), Some(yes)) = (field, truth) {
            labels[usize::from(yes)].get_or_insert_with(|| word.to_string());
        } else if let Some(word) = field {
            unread += 1;
            first = first.or(Some((row, word)));
        }
        truths.push(truth);
    }
    let mut out = from_truths(name, &truths, labels);
    note_unparsed(&mut out.diagnostics, name, "yes or no", unread, first);
    out
}

fn from_truths(name: &str, truths: &[Option<bool>], labels: [Option<String>; 2]) -> Finished {
    let labels = match labels {
        [Some(no), Some(yes)] => [no, yes],
        [Some(no), None] => {
            let yes = opposite(&no);
            [no, yes]
        }
        [None, Some(yes)] => [opposite(&yes), yes],
        [None, None] => ["false".to_string(), "true".to_string()],
    };
    let values = Values::Bool {
        values: truths.iter().map(|t| *t == Some(true)).collect::<BitMask>(),
        missing: truths.iter().map(Option::is_none).collect::<BitMask>(),
        labels,
    };
    finished(name, ColumnType::Boolean, values, BTreeSet::new())
}
