//! The declaration.

use super::{MOST_LEVELS, TYPES};
use crate::kind::prepare::columns::column_fields;
use crate::kind::{Example, FieldSpec, Group, KindSpec, Rows};
use serde_json::json;

pub(super) fn spec() -> KindSpec {
    let mut spec = KindSpec::new(
        "prepare.encode",
        "Encode categories",
        Group::Prepare,
        Rows::Fitted,
        "Turns categories into numbers.",
    );
    spec.more = "Models in Trellis take categories as they are; encode them to choose how.\nMeans of the target are \
        learnt within each fold, and the rows they are learnt from are encoded by other rows, so that no row knows \
        its own target."
        .to_owned();
    spec.words = "one-hot dummy ordinal label target mean encoding frequency count category".to_owned();
    spec.fields = column_fields(&TYPES, "all categories and yes/no columns");
    spec.fields.extend([
        FieldSpec::choice(
            "method",
            "Method",
            "Which numbers stand for a category.",
            &[
                ("one_hot", "A column for each level"),
                ("ordinal", "Its place in an order"),
                ("target", "The mean of the target"),
                ("frequency", "Its share of the rows"),
            ],
        ),
        FieldSpec::integer(
            "levels",
            "Levels",
            "How many of the most frequent levels get a column; the others share one.",
            20,
            (1, MOST_LEVELS as i64),
            (2, 50),
        )
        .only_if("method", &[json!("one_hot")]),
        FieldSpec::choice(
            "order",
            "Order",
            "Which order counts.",
            &[("alphabet", "By alphabet"), ("frequency", "Most frequent first")],
        )
        .only_if("method", &[json!("ordinal")]),
        FieldSpec::column("target", "Target", "What is to be predicted.", &[])
            .required()
            .only_if("method", &[json!("target")]),
        FieldSpec::choice(
            "smooth",
            "Smoothing",
            "How much rare levels are drawn to the mean of all.",
            &[("rows", "By a number of rows"), ("auto", "By how much the target varies")],
        )
        .only_if("method", &[json!("target")])
        .advanced(),
        FieldSpec::number(
            "rows",
            "Smoothing rows",
            "Each level counts as if it had so many more rows of the mean.",
            10.0,
            (0.0, 1e6),
            (0.0, 100.0),
        )
        .only_if("method", &[json!("target")])
        .advanced(),
    ]);
    spec.example = Some(Example::new(
        &[("table", "town,rooms\nUlm,2\nBonn,3\nUlm,4\n")],
        json!({"method": "one_hot"}),
        "The town becomes the columns \"town: Bonn\" and \"town: Ulm\" of 0 and 1.",
    ));
    spec
}
