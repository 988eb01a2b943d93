//! The texts that stand for "no value", as a person writes and reads them.

use automl_core::table::MISSING_TOKENS;

/// What a form says: the texts, one a line or with commas between, and whether an empty field counts too.
/// `None` where that is the usual set.
pub fn tokens(text: &str, empty: bool) -> Option<Vec<String>> {
    let mut out: Vec<String> = if empty { vec![String::new()] } else { Vec::new() };
    for token in text.split([',', '\n']).map(str::trim).filter(|t| !t.is_empty()) {
        if !out.iter().any(|t| t == token) {
            out.push(token.to_owned());
        }
    }
    let is_usual =
        out.len() == MISSING_TOKENS.len() && out.iter().all(|t| MISSING_TOKENS.contains(&t.as_str()));
    (!is_usual).then_some(out)
}

/// The form of a set: the texts with commas between, and whether an empty field counts.
pub fn form(tokens: Option<&[String]>) -> (String, bool) {
    let usual: Vec<String> = MISSING_TOKENS.iter().map(|t| (*t).to_owned()).collect();
    let tokens = tokens.unwrap_or(&usual);
    let texts: Vec<&str> = tokens.iter().map(String::as_str).filter(|t| !t.is_empty()).collect();
    (texts.join(", "), texts.len() < tokens.len())
}

/// What a chip says of the tokens that a file holds.
pub fn found(tokens: &[String]) -> String {
    if tokens.is_empty() {
        return "none".to_owned();
    }
    let word = |t: &String| if t.is_empty() { "empty".to_owned() } else { t.clone() };
    tokens.iter().map(word).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_and_lines_part_tokens() {
        let read = tokens(" NA, -999\n?\n\n, NA ", true).expect("not the usual ones");
        assert_eq!(read, ["", "NA", "-999", "?"]);
        assert_eq!(form(Some(&read)), ("NA, -999, ?".to_owned(), true));
        assert_eq!(tokens("", false), Some(Vec::new()));
        assert_eq!(form(Some(&[])), (String::new(), false));
    }

    #[test]
    fn the_usual_ones_are_known_again() {
        let (text, empty) = form(None);
        assert_eq!(tokens(&text, empty), None);
        assert!(tokens(&text, false).is_some());
    }

    #[test]
    fn a_chip_names_what_is_invisible() {
        assert_eq!(found(&[]), "none");
        assert_eq!(found(&[String::new(), "NA".to_owned()]), "empty, NA");
    }
}
