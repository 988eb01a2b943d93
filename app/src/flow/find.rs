//! Finding by a few letters.

/// How well `query` fits a title and other words that it is known by; less is better, `None` not at all. Every word of
/// the query must be found.
fn cost(query: &str, title: &str, words: &str) -> Option<u32> {
    let (title, words) = (title.to_lowercase(), words.to_lowercase());
    query.split_whitespace().try_fold(0, |sum, part| Some(sum + part_cost(part, &title, &words)?))
}

fn part_cost(part: &str, title: &str, words: &str) -> Option<u32> {
    let begins = |text: &str| text.split(|c: char| !c.is_alphanumeric()).any(|word| word.starts_with(part));
    if title.starts_with(part) {
        Some(0)
    } else if begins(title) {
        Some(1)
    } else if begins(words) {
        Some(2)
    } else if title.contains(part) {
        Some(3)
    } else if words.contains(part) {
        Some(4)
    } else {
        is_scattered(part, title).then_some(8)
    }
}

/// All letters in order, with others between: `flrw` in `filter rows`.
fn is_scattered(part: &str, title: &str) -> bool {
    let mut chars = title.chars();
    part.chars().all(|c| chars.any(|t| t == c))
}

/// Indices of what is found, the best first, else in order. `texts`: a title and other words of each.
pub fn found<'a>(query: &str, texts: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<usize> {
    let query = query.trim().to_lowercase();
    let costs = texts.enumerate().filter_map(|(i, (title, words))| Some((cost(&query, title, words)?, i)));
    let mut found: Vec<(u32, usize)> = costs.collect();
    found.sort_unstable();
    found.into_iter().map(|(_, i)| i).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_comes_first() {
        let all = [
            ("Join", "merge lookup"),
            ("Filter rows", "where keep"),
            ("Rename", "columns"),
            ("Outer filter", ""),
        ];
        let check = |query: &str, expected: &[usize]| {
            assert_eq!(found(query, all.iter().copied()), expected, "{query}");
        };
        check("", &[0, 1, 2, 3]);
        check("fil", &[1, 3]);
        check(" MERGE ", &[0]);
        check("rows fil", &[1]);
        check("flrw", &[1]);
        check("name", &[2]);
        check("zzz", &[]);
    }
}
