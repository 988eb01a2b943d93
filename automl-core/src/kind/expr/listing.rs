//! All that an expression may call or hold between its values, for whoever lists it.

use super::complete::OPERATORS;
use super::functions::FUNCTIONS;
use crate::numeric::sort_few_by_key;
use serde::{Deserialize, Serialize};

/// A function or an operator, as it is shown to people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// What it stands among.
    pub group: String,
    pub name: String,
    /// How it is written, such as `round(number, [digits])`.
    pub usage: String,
    /// One or two sentences.
    pub help: String,
    /// An expression without columns, and what it gives, as text.
    pub example: String,
    pub shows: String,
    /// What goes into an expression where it is chosen; the cursor stands behind it then.
    pub insert: String,
}

/// Functions and operators, group by group.
pub fn listed() -> Vec<Listed> {
    let operators = OPERATORS.iter().map(|o| {
        let name = o.sign.trim_end_matches(" (");
        Listed {
            group: "Between values".to_owned(),
            name: name.to_owned(),
            usage: name.to_owned(),
            help: o.help.to_owned(),
            example: o.example.to_owned(),
            shows: o.shows.to_owned(),
            insert: format!(" {}{}", o.sign, if o.sign.ends_with('(') { "" } else { " " }),
        }
    });
    let case = Listed {
        group: FUNCTIONS[0].group.to_owned(),
        name: "case when".to_owned(),
        usage: "case when condition then value else value end".to_owned(),
        help: "The value of the first condition that is true.".to_owned(),
        example: "case when 1 > 2 then 'a' when 3 > 2 then 'b' else 'c' end".to_owned(),
        shows: "b".to_owned(),
        insert: "case when ".to_owned(),
    };
    let functions = FUNCTIONS.iter().map(|f| Listed {
        group: f.group.to_owned(),
        name: f.name.to_owned(),
        usage: f.usage(),
        help: f.help.to_owned(),
        example: f.example.to_owned(),
        shows: f.shows.to_owned(),
        insert: format!("{}(", f.name),
    });
    let mut all: Vec<Listed> = functions.chain([case]).chain(operators).collect();
    let order: Vec<String> = all.iter().map(|l| l.group.clone()).collect();
    let place = |group: &str| order.iter().position(|g| g == group);
    sort_few_by_key(&mut all, |l| place(&l.group));
    all
}
