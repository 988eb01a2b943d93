//! Which kinds of nodes a search finds.

use automl_core::kind::KindSpec;

/// How well a kind fits, less is better; `None`: not at all. `words`: in lower case.
fn fit(kind: &KindSpec, words: &[String]) -> Option<usize> {
    let title = kind.title.to_lowercase();
    let rest = [&kind.words, &kind.help, &kind.id].map(|t| t.to_lowercase());
    let one = |word: &String| {
        if title.starts_with(word.as_str()) {
            Some(0)
        } else if title.contains(word.as_str()) {
            Some(1)
        } else {
            rest.iter().position(|t| t.contains(word.as_str())).map(|at| at + 2)
        }
    };
    words.iter().map(one).sum()
}

/// The kinds that hold every word of `search` in title, words, help or id; those that fit better first, else in order.
pub fn found<'a>(kinds: impl Iterator<Item = &'a KindSpec>, search: &str) -> Vec<&'a KindSpec> {
    let words: Vec<String> = search.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let mut fitting: Vec<(usize, &KindSpec)> = kinds.filter_map(|k| Some((fit(k, &words)?, k))).collect();
    fitting.sort_by_key(|f| f.0);
    fitting.into_iter().map(|f| f.1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_core::kind::{Group, Rows};

    #[test]
    fn titles_come_before_words_and_help() {
        let kind = |id: &str, title: &str, help: &str, words: &str| {
            let mut kind = KindSpec::new(id, title, Group::Rows, Rows::Together, help);
            kind.words = words.to_owned();
            kind
        };
        let kinds = [
            kind("a", "Join", "Brings tables together by key.", "merge lookup"),
            kind("b", "Sort", "Puts rows in order.", "order by join"),
            kind("c", "Filter rows", "Keeps rows.", "where"),
        ];
        let check = |search: &str, expected: &[&str]| {
            let ids: Vec<&str> = found(kinds.iter(), search).iter().map(|k| k.id.as_str()).collect();
            assert_eq!(ids, expected, "{search}");
        };
        check("", &["a", "b", "c"]);
        check("JOIN", &["a", "b"]);
        check("row", &["c", "b"]);
        check("rows keep", &["c"]);
        check("nothing", &[]);
    }
}
