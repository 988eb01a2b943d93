//! Words that mean yes and no, names that mean "identifier", and how texts look.

/// (no, yes), in lower case.
const TRUTH: [(&str, &str); 6] =
    [("no", "yes"), ("false", "true"), ("f", "t"), ("n", "y"), ("off", "on"), ("0", "1")];

/// The pair of truth words that `word` belongs to, and which of the two it is.
pub(super) fn truth_of(word: &str) -> Option<(usize, bool)> {
    TRUTH.iter().enumerate().find_map(|(pair, (no, yes))| {
        if word.eq_ignore_ascii_case(yes) {
            Some((pair, true))
        } else {
            word.eq_ignore_ascii_case(no).then_some((pair, false))
        }
    })
}

/// The pair made of numbers, which makes a column Boolean only when asked for.
pub(super) const ZERO_ONE: usize = 5;

/// The other word of `word`'s pair in the case of `word`.
pub(super) fn opposite(word: &str) -> String {
    let Some((pair, yes)) = truth_of(word) else { return String::new() };
    let other = if yes { TRUTH[pair].0 } else { TRUTH[pair].1 };
    let first_upper = word.starts_with(|c: char| c.is_ascii_uppercase());
    let all_upper = first_upper && word.bytes().all(|b| !b.is_ascii_lowercase());
    if all_upper && (word.len() > 1 || other.len() == 1) {
        return other.to_ascii_uppercase();
    }
    let mut out = other.to_string();
    if first_upper && let Some(first) = out.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    out
}

/// Words of a column's name: split at punctuation and where lower case meets upper case.
fn name_words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() && was_lower {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().expect("one word is always there").extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words.retain(|w| !w.is_empty());
    words
}

/// Whether a name says "identifier": `id`, `customer_id`, `UserId`, `uuid`, `index`, `row number` …
pub(super) fn is_id_name(name: &str) -> bool {
    let words = name_words(name);
    let Some(last) = words.last() else { return false };
    let alone = words.len() == 1;
    matches!(last.as_str(), "id" | "uuid" | "guid" | "identifier" | "key" | "rownum" | "rowid" | "rownumber")
        || alone
            && matches!(
                last.as_str(),
                "index" | "idx" | "ids" | "nr" | "passengerid" | "customerid" | "userid"
            )
        || words.first().is_some_and(|w| w == "id" || w == "row") && words.len() == 2
        || words.len() >= 2 && matches!(last.as_str(), "number" | "no" | "nr" | "num" | "code") && {
            let before = words[words.len() - 2].as_str();
            matches!(
                before,
                "row" | "serial" | "record" | "order" | "invoice" | "account" | "customer" | "ticket"
            )
        }
}

/// Whether a name says that counting up by one is a measurement: a time or a position, not a row number.
pub(super) fn is_axis_name(name: &str) -> bool {
    const AXES: [&str; 27] = [
        "year",
        "yr",
        "month",
        "week",
        "day",
        "hour",
        "minute",
        "second",
        "quarter",
        "time",
        "date",
        "t",
        "x",
        "y",
        "step",
        "age",
        "period",
        "lag",
        "cycle",
        "season",
        "epoch",
        "position",
        "distance",
        "trend",
        "timestamp",
        "days",
        "hours",
    ];
    name_words(name).iter().any(|w| AXES.contains(&w.as_str()))
}

/// Sums over the texts of a column, for telling categories, identifiers and prose apart.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Shape {
    pub count: u64,
    pub chars: u64,
    pub words: u64,
}

impl Shape {
    pub(super) fn add(&mut self, text: &str, times: u64) {
        self.count += times;
        self.chars += text.chars().count() as u64 * times;
        self.words += text.split_whitespace().count() as u64 * times;
    }

    pub(super) fn mean_chars(&self) -> f64 {
        self.chars as f64 / self.count.max(1) as f64
    }

    pub(super) fn mean_words(&self) -> f64 {
        self.words as f64 / self.count.max(1) as f64
    }
}
