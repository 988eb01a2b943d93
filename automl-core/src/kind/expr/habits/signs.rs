//! Signs that other languages have, or that mean something else there.

use super::super::check::Type;
use super::super::lex::Token;
use super::super::syntax::quoted_text;
use super::{Habit, Seen, all_replaced, word_for};

/// `=a > 1`, as spreadsheets begin.
pub(super) fn leading(seen: &Seen) -> Option<Habit> {
    let first = seen.tokens.first().filter(|_| seen.is_sign(0, "="))?;
    let rest = seen.text[first.to..].trim_start().to_owned();
    Some(Habit {
        place: (first.from, first.to),
        message: "An expression has no = before it.".to_owned(),
        remedy: "Write it without the first =.".to_owned(),
        meant: vec![rest],
    })
}

/// “gold”, as word processors write quotes.
pub(super) fn quotes(seen: &Seen) -> Option<Habit> {
    let is_curved =
        |place: &&(usize, usize)| matches!(seen.slice(**place), "‘" | "’" | "“" | "”" | "„" | "«" | "»");
    let mut curved = seen.odd.iter().filter(is_curved);
    let (first, second) = (curved.next()?, curved.next());
    let place = (first.0, second.map_or(first.1, |s| s.1));
    let inner = second.map_or("", |s| &seen.text[first.1..s.0]);
    let straight = if second.is_some() { quoted_text(inner) } else { "'".to_owned() };
    Some(Habit {
        place,
        message: "Curved quotes are not read.".to_owned(),
        remedy: format!("Write {straight} instead, with straight quotes."),
        meant: vec![seen.replaced(place, &straight)],
    })
}

/// Signs with one meaning only: `≤`, `=>`, `&&`, `!`.
pub(super) fn written_otherwise(seen: &Seen) -> Option<Habit> {
    let habit = |place: (usize, usize), here: &str, whole: String| Habit {
        place,
        message: format!("{} is written {here} here.", seen.slice(place)),
        remedy: format!("Write {here} instead."),
        meant: vec![whole],
    };
    for (i, pair) in seen.tokens.windows(2).enumerate() {
        let swapped = match (&pair[0].token, &pair[1].token) {
            (Token::Sign("="), Token::Sign(">")) => ">=",
            (Token::Sign("="), Token::Sign("<")) => "<=",
            _ => continue,
        };
        if seen.touch(i, i + 1) {
            let place = (pair[0].from, pair[1].to);
            return Some(habit(place, swapped, seen.replaced(place, swapped)));
        }
    }
    for (i, &(from, to)) in seen.odd.iter().enumerate() {
        let next = seen.odd.get(i + 1).filter(|n| n.0 == to).copied();
        let twice = next.filter(|n| seen.slice(*n) == seen.slice((from, to))).map(|n| (from, n.1));
        let sign = match (seen.slice((from, to)), twice) {
            ("≤", _) => "<=",
            ("≥", _) => ">=",
            ("≠", _) => "!=",
            ("×" | "·", _) => "*",
            ("÷" | ":", _) => "/",
            ("−" | "–", _) => "-",
            ("!", _) => {
                return Some(habit(
                    (from, to),
                    "not",
                    word_for(seen.text, (from, to), "not").trim_start().to_owned(),
                ));
            }
            ("&", Some(place)) => return Some(habit(place, "and", word_for(seen.text, place, "and"))),
            ("|", Some(place)) => {
                let or = word_for(seen.text, place, "or");
                let mut found = habit(place, "or", or);
                // It joins texts in SQL.
                found.meant.push(word_for(seen.text, place, "+"));
                return Some(found);
            }
            ("|", None) => return Some(habit((from, to), "or", word_for(seen.text, (from, to), "or"))),
            _ => continue,
        };
        return Some(habit((from, to), sign, seen.replaced((from, to), sign)));
    }
    None
}

/// `20,5`. Outside of brackets nothing else can be meant; inside, it is a habit where the text is understood with a
/// point there.
pub(super) fn decimal(seen: &Seen) -> Option<Habit> {
    let digits = |i: usize| match seen.tokens.get(i) {
        Some(t) if matches!(t.token, Token::Number(_)) => {
            let slice = seen.slice((t.from, t.to));
            slice.bytes().all(|b| b.is_ascii_digit())
        }
        _ => false,
    };
    let commas: Vec<usize> = (1..seen.tokens.len())
        .filter(|&i| seen.is_sign(i, ",") && seen.touch(i - 1, i) && seen.touch(i, i + 1))
        .filter(|&i| digits(i - 1) && digits(i + 1))
        .collect();
    let has_semicolon = seen.odd.iter().any(|p| seen.slice(*p) == ";");
    let place = |i: usize| (seen.tokens[i].from, seen.tokens[i].to);
    let sure: Vec<usize> = commas.iter().copied().filter(|&i| has_semicolon || seen.depths[i] == 0).collect();
    let pointed = |at: &[usize]| {
        let places: Vec<(usize, usize)> = at.iter().map(|&i| place(i)).collect();
        all_replaced(seen.text, &places, &|_| ".".to_owned())
    };
    let (comma, meant) = match sure.first() {
        Some(&first) => (first, pointed(&sure)),
        None => {
            commas.iter().take(8).map(|&i| (i, pointed(&[i]))).find(|(_, t)| seen.understands(t).is_some())?
        }
    };
    let number = (seen.tokens[comma - 1].from, seen.tokens[comma + 1].to);
    let (written, here) = (seen.slice(number), seen.slice(number).replace(',', "."));
    Some(Habit {
        place: number,
        message: format!("{written} is read as two numbers."),
        remedy: format!("Write {here} instead, with a point before the decimals."),
        meant: vec![meant],
    })
}

/// `if(a; b; c)`.
pub(super) fn semicolon(seen: &Seen) -> Option<Habit> {
    let all: Vec<(usize, usize)> = seen.odd.iter().copied().filter(|p| seen.slice(*p) == ";").collect();
    let &place = all.first()?;
    let last = seen.text.trim_end().len();
    if place.1 == last {
        return Some(Habit {
            place,
            message: "An expression has no ; at its end.".to_owned(),
            remedy: "Write it without the ;.".to_owned(),
            meant: vec![seen.text[..place.0].to_owned()],
        });
    }
    Some(Habit {
        place,
        message: "Values are not parted by ; here.".to_owned(),
        remedy: "Write , instead of ;.".to_owned(),
        meant: vec![all_replaced(seen.text, &all, &|_| ",".to_owned())],
    })
}

/// `first & last`: joins texts in spreadsheets, conditions elsewhere.
pub(super) fn joining(seen: &Seen) -> Option<Habit> {
    let all: Vec<(usize, usize)> = seen.odd.iter().copied().filter(|p| seen.slice(*p) == "&").collect();
    let &place = all.first()?;
    let with = |sign: &str| {
        let mut text = seen.text.to_owned();
        for &at in all.iter().rev() {
            text = word_for(&text, at, sign);
        }
        text
    };
    let (and, plus) = (with("and"), with("+"));
    let is_understood = |text: &str| seen.understands(text).is_some();
    if is_understood(&and) {
        return Some(Habit {
            place,
            message: "& is written and here.".to_owned(),
            remedy: "Write and instead.".to_owned(),
            meant: vec![and],
        });
    }
    let splits =
        |at: &(usize, usize)| !seen.tokens.iter().any(|t| t.from >= at.0) || depth_at(seen, at.0) == 0;
    let has_comparison = (0..seen.tokens.len()).any(|i| seen.depths[i] == 0 && compares(seen, i));
    let mut meant = Vec::new();
    if seen.understands(&plus) == Some(Type::Text) {
        meant.push(plus.clone());
    } else if all.iter().all(splits) && !has_comparison {
        let (mut parts, mut from) = (Vec::new(), 0);
        for &at in &all {
            parts.push(seen.text[from..at.0].trim());
            from = at.1;
        }
        parts.push(seen.text[from..].trim());
        meant.push(format!("concat({})", parts.join(", ")));
    }
    meant.push(plus);
    Some(Habit {
        place,
        message: "& does not join texts here.".to_owned(),
        remedy: "Write + instead between texts, or concat(a, b) for values of any kind.".to_owned(),
        meant,
    })
}

/// Brackets that are open at a byte.
fn depth_at(seen: &Seen, byte: usize) -> usize {
    seen.tokens.iter().position(|t| t.from >= byte).map_or(0, |i| seen.depths[i])
}

fn compares(seen: &Seen, token: usize) -> bool {
    let signs = ["=", "!=", "<", "<=", ">", ">="];
    signs.iter().any(|s| seen.is_sign(token, s)) || seen.keyword(token).is_some()
}

/// `1 < age < 3`.
pub(super) fn chained(seen: &Seen) -> Option<Habit> {
    let is_top = |i: &usize| seen.depths[*i] == 0 && compares(seen, *i);
    let found: Vec<usize> = (0..seen.tokens.len()).filter(is_top).collect();
    let [first, second] = found[..] else { return None };
    if seen.keyword(first).is_some() || seen.keyword(second).is_some() || second < first + 2 {
        return None;
    }
    let middle = seen.text[seen.tokens[first].to..seen.tokens[second].from].trim();
    let at = (seen.tokens[second].from, seen.tokens[second].to);
    let meant = seen.replaced((at.0, at.0), &format!("and {middle} "));
    seen.understands(&meant)?;
    Some(Habit {
        place: at,
        message: "Two comparisons cannot follow each other.".to_owned(),
        remedy: format!("Write {meant} instead."),
        meant: vec![meant],
    })
}

/// `20%`.
pub(super) fn per_cent(seen: &Seen) -> Option<Habit> {
    let ends = |i: usize| {
        i >= seen.tokens.len()
            || seen.is_sign(i, ")")
            || seen.is_sign(i, ",")
            || matches!(seen.keyword(i).as_deref(), Some("and" | "or" | "then" | "else" | "end"))
    };
    let is_habit =
        |i: &usize| seen.is_sign(*i, "%") && matches!(seen.at(i - 1), Some(Token::Number(_))) && ends(i + 1);
    let at = (1..seen.tokens.len()).find(is_habit)?;
    let Some(Token::Number(x)) = seen.at(at - 1) else { return None };
    let share = crate::table::number::shortest(x / 100.0);
    Some(Habit {
        place: (seen.tokens[at - 1].from, seen.tokens[at].to),
        message: "% is the remainder of a division here.".to_owned(),
        remedy: format!("Write {share} instead, or the number alone where the column counts per cent."),
        meant: Vec::new(),
    })
}
