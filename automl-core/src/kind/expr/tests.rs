//! What expressions mean, and that nothing written breaks anything.

use super::*;
use crate::table::{Format, ReadOptions, read};

fn table(csv: &str) -> Table {
    read(csv.as_bytes(), Format::Csv, &ReadOptions::default()).0
}

/// Row 4 has nothing but its name.
fn people() -> Table {
    table(
        "name,age,town,left,since,total price\n\
         Ann,31,Paris,yes,2024-02-29,1.5\n\
         Bob,18,Rome,no,2023-12-31T18:30,2\n\
         Cem,45,Paris,no,2024-01-01,-3\n\
         Dee,,,,,\n",
    )
}

fn schema(table: &Table) -> Schema {
    table.columns.iter().map(|c| (c.name.clone(), c.ty)).collect()
}

/// Values as text, `·` where missing.
fn shown(column: &Column) -> String {
    let text = |row| column.text(row).map_or("·".to_owned(), |t| t.into_owned());
    (0..column.len()).map(text).collect::<Vec<_>>().join(" ")
}

fn value(text: &str, table: &Table) -> String {
    match derived("x", text, table, "p") {
        Ok(column) => shown(&column),
        Err(found) => {
            found.iter().map(|f| format!("{} {}", f.diagnostic.message, f.diagnostic.remedy)).collect()
        }
    }
}

#[test]
fn every_function_does_what_its_example_says() {
    let one_row = table("x\n1\n");
    let all = listed();
    for one in &all {
        assert_eq!(value(&one.example, &one_row), one.shows, "{}", one.example);
        assert!(!one.help.is_empty() && one.example.contains(&one.name), "{}", one.name);
    }
    // Groups follow one another whole, and nothing is listed twice.
    let mut groups: Vec<&str> = all.iter().map(|l| l.group.as_str()).collect();
    groups.dedup();
    assert_eq!(groups, ["Choices and gaps", "Numbers", "Texts", "Dates", "Between values"]);
    assert!(FUNCTIONS.iter().all(|f| all.iter().filter(|l| l.usage == f.usage()).count() == 1));
}

#[test]
fn values_by_row() {
    let people = people();
    for (text, expected) in [
        // Numbers.
        ("age + 1", "32 19 46 ·"),
        ("-age ^ 2 + 2 * 3", "-955 -318 -2019 ·"),
        ("2 ^ 3 ^ 2", "512 512 512 512"),
        ("2 ^ -1", "0.5 0.5 0.5 0.5"),
        ("10 - 2 - 3", "5 5 5 5"),
        ("-1 % 7", "6 6 6 6"),
        ("1 / (age - 18)", "0.07692307692307693 · 0.037037037037037035 ·"),
        ("round(`total price`)", "2 2 -3 ·"),
        ("round(age, -1)", "30 20 50 ·"),
        ("round(2.5) + round(-2.5)", "0 0 0 0"),
        ("min(age, 20, missing)", "20 18 20 20"),
        ("coalesce(age, 0)", "31 18 45 0"),
        ("clamp(age, 20, 40)", "31 20 40 ·"),
        ("sqrt(-1)", "· · · ·"),
        ("number(left)", "1 0 0 ·"),
        ("number('12 €')", "12 12 12 12"),
        // Truth.
        ("age > 20", "true false true ·"),
        ("not age > 20", "false true false ·"),
        ("age > 20 and town = 'Rome'", "false false false ·"),
        ("age > 20 or town = 'Rome'", "true true true ·"),
        ("left or missing", "true · · ·"),
        ("left and missing", "· false false ·"),
        ("left = 'Yes'", "true false false ·"),
        ("left != false", "true false false ·"),
        ("age in (18, 45)", "false true true ·"),
        ("age not in (18, missing)", "· false · ·"),
        ("town in ('Rome', 'Oslo')", "false true false ·"),
        ("age between 18 and 31", "true true false ·"),
        ("age not between 18 and 31", "false false true ·"),
        ("since between '2024-01-01' and '2024-02-01'", "false false true ·"),
        ("town like 'P%s' or town like 'R_m_'", "true true true ·"),
        ("name contains 'e'", "false false true true"),
        ("name not contains 'e'", "true true false false"),
        ("town is missing", "false false false true"),
        ("not town is not missing", "false false false true"),
        ("missing(age)", "false false false true"),
        ("town < 'Q'", "true false true ·"),
        // Texts.
        ("upper(town)", "PARIS ROME PARIS ·"),
        ("town + '-' + left(name, 1)", "Paris-A Rome-B Paris-C ·"),
        ("concat(name, age)", "Ann31 Bob18 Cem45 ·"),
        ("text(since)", "2024-02-29 2023-12-31T18:30:00 2024-01-01 ·"),
        ("split_part('a/b', '/', -1)", "b b b b"),
        ("split_part('a/b', '/', 3)", "· · · ·"),
        ("right(name, 0) + left(name, 99)", "Ann Bob Cem Dee"),
        ("'it''s'", "it's it's it's it's"),
        // Dates.
        ("year(since) * 100 + month(since)", "202402 202312 202401 ·"),
        ("hour(since)", "0 18 0 ·"),
        ("since - '2024-01-01'", "59 -0.22916666666666666 0 ·"),
        ("since + 1.5", "2024-03-01T12:00:00 2024-01-02T06:30:00 2024-01-02T12:00:00 ·"),
        ("since > '2023-12-31'", "true true true ·"),
        ("max(since, '2024-01-15')", "2024-02-29 2024-01-15 2024-01-15 2024-01-15"),
        ("date('03/04/2024')", "· · · ·"),
        ("date('03/04/2024', 'dmy')", "2024-04-03 2024-04-03 2024-04-03 2024-04-03"),
        ("make_date(2023, 2, 29)", "· · · ·"),
        // Choices.
        ("if(age > 20, 'old', 'young')", "old young old young"),
        ("if(age > 20, age)", "31 · 45 ·"),
        ("case when age < 20 then 'a' when age < 40 then 'b' end", "b a · ·"),
        ("CASE WHEN left THEN 1 ELSE 0 END", "1 0 0 0"),
    ] {
        assert_eq!(value(text, &people), expected, "{text}");
    }
}

#[test]
fn what_comes_of_an_expression_has_the_type_that_readers_give() {
    let mut people = people();
    let prose = |name: &str| name.to_owned() + " went out for a long walk";
    let texts: Vec<String> = ["a", "b", "c", "d"].into_iter().map(prose).collect();
    people.columns.push(build::texts("note", ColumnType::Text, texts.iter().map(|t| Some(t.as_str()))));
    for (text, ty) in [
        ("age * 2", ColumnType::Numeric),
        ("age > 2", ColumnType::Boolean),
        ("since + 1", ColumnType::Datetime),
        ("upper(town)", ColumnType::Categorical),
        ("upper(note)", ColumnType::Text),
        ("if(note contains 'a', 'yes', 'no')", ColumnType::Categorical),
        ("if(age > 1, note, 'none')", ColumnType::Text),
        ("length(note)", ColumnType::Numeric),
        ("note", ColumnType::Text),
    ] {
        for rows in [&[0, 1, 2, 3][..], &[1], &[]] {
            let column = derived("x", text, &people.take(rows), "p").unwrap();
            assert_eq!((column.ty, column.len()), (ty, rows.len()), "{text}");
        }
    }
}

#[test]
fn mistakes_are_explained() {
    let people = people();
    for (text, expected) in [
        (
            "",
            "At character 1: The expression ends too early. Write a column, a number, a text in quotes or a function here.",
        ),
        ("agee > 3", "At character 1: There is no column \"agee\". Did you mean column age?"),
        (
            "1 + total_price",
            "At character 5: \"total_price\" is not read as the column \"total price\". Write `total price` instead. Such a name stands in backquotes.",
        ),
        ("rond(age)", "At character 1: There is no function rond. Did you mean round?"),
        ("len(town)", "At character 1: There is no function len. Write length(x)."),
        (
            "round()",
            "At character 1: round is given 0 values. Write round(number, [digits]), for example round(2.345, 1).",
        ),
        ("town = 3", "At character 8: 3 is a number, but town is a text. Write it in quotes: '3'."),
        ("age = '3'", "At character 7: '3' is a text, but age is a number. Write 3 without quotes."),
        (
            "age > \"total price\"",
            "At character 7: \"total price\" is a text, not the column. For the column write `total price` instead.",
        ),
        (
            "since > 'May'",
            "At character 9: 'May' is a text, but since is a date. Write dates as '2024-03-31'.",
        ),
        (
            "town * 2",
            "At character 1: town is a text, where a number is wanted. Write number(town) if its texts are numbers.",
        ),
        (
            "age and left",
            "At character 1: age is a number, where yes or no is wanted. Compare it, for example age > 0.",
        ),
        (
            "1 < age < 3",
            "At character 9: Two comparisons cannot follow each other. Write 1 < age and age < 3 instead.",
        ),
        (
            "age 3",
            "At character 5: A number is not expected here. Put an operator before it, such as + or and, or remove it.",
        ),
        ("(age", "At character 5: The expression ends too early. Close the bracket with )."),
        ("age && left", "At character 5: && is written and here. Write and instead."),
        (
            "missing",
            "At character 1: This is missing in every row. Write a value, or say of which type: number(missing), text(missing).",
        ),
        (
            "age != null",
            "At character 1: Nothing is equal to what is missing, or different from it. Write age is not missing.",
        ),
        ("age in ()", "At character 1: No values stand in the brackets. Write at least one: in ('a', 'b')."),
        (
            "if(left, age, town)",
            "At character 15: town is a text, but age is a number. Write number(town) if its texts are numbers.",
        ),
        (
            "town = 'größe' + or",
            "At character 18: or is not expected here. Write a value before it. A column of that name stands in backquotes.",
        ),
    ] {
        assert_eq!(value(text, &people), expected, "{text}");
    }
    let found = rows_where("age + 1", &people, "where").unwrap_err();
    assert_eq!(found[0].param.as_deref(), Some("where"));
    assert_eq!(
        found[0].diagnostic.message,
        "At character 1: This gives a number, where yes or no is wanted."
    );
    // Columns whose type is not known before they are read.
    let unknown = vec![("id".to_owned(), ColumnType::Id)];
    assert_eq!(diagnose("id + 1", &unknown, Wanted::Anything), Ok(Type::Number));
    assert_eq!(diagnose("id = 'a'", &unknown, Wanted::Condition), Ok(Type::Boolean));
    let errors = diagnose("x + y", &unknown, Wanted::Anything).unwrap_err();
    assert_eq!(errors.iter().map(|e| (e.from, e.to)).collect::<Vec<_>>(), [(0, 1), (4, 5)]);
}

#[test]
fn hostile_depth_is_refused() {
    let people = people();
    let deep = ["(", "-", "not ", "abs(", "if(left,", "1+(", "2^", "case when "];
    for piece in deep {
        assert!(diagnose(&piece.repeat(20_000), &schema(&people), Wanted::Anything).is_err(), "{piece}");
    }
    for piece in ["+1", "^1", "=1", " is missing", " and left", " between 1 and 2"] {
        let text = format!("age{}", piece.repeat(15_000 / piece.len()));
        assert!(diagnose(&text, &schema(&people), Wanted::Anything).is_err(), "{piece}");
    }
    // Long lists are well.
    let any = format!("age = 1{}", " or age = 2".repeat(3000));
    assert_eq!(diagnose(&any, &schema(&people), Wanted::Condition), Ok(Type::Boolean));
}

fn offered(text: &str, wanted: Wanted) -> Vec<String> {
    let cursor = text.find('|').unwrap();
    complete(&text.replace('|', ""), cursor, &schema(&people()), wanted)
        .into_iter()
        .map(|c| c.insert)
        .collect()
}

#[test]
fn completion_knows_what_fits() {
    let first =
        |text: &str, n: usize| offered(text, Wanted::Condition).into_iter().take(n).collect::<Vec<_>>();
    assert_eq!(first("|", 3), ["name", "age", "town"]);
    assert_eq!(first("to|", 2), ["town", "`total price`"]);
    assert_eq!(first("age > 1 and t|", 2), ["town", "`total price`"]);
    assert_eq!(first("price|", 1), ["`total price`"]);
    assert_eq!(first("age |", 3), ["=", "!=", "<"]);
    assert_eq!(first("town |", 3), ["=", "!=", "in ("]);
    assert_eq!(first("age is |", 2), ["missing", "not missing"]);
    assert_eq!(first("round(|", 2), ["age", "`total price`"]);
    assert_eq!(first("upper(to|", 1), ["town"]);
    assert_eq!(first("year(|", 2), ["since", "if("]);
    assert_eq!(first("age > |", 2), ["age", "`total price`"]);
    assert_eq!(first("town in (|", 2), ["name", "town"]);
    assert_eq!(first("year(since) |", 3), ["=", "!=", "<"]);
    assert_eq!(first("town = 'Pa|", 2), Vec::<String>::new());
    assert_eq!(first("age > 1|", 2), Vec::<String>::new());
    assert!(!first("age * |", 200).contains(&"upper(".to_owned()));
    assert!(offered("case when left |", Wanted::Anything).contains(&"then".to_owned()));
    let replaced = complete("age + `tot pri` - 1", 10, &schema(&people()), Wanted::Anything);
    assert_eq!((replaced[0].insert.as_str(), replaced[0].replaces), ("`total price`", (6, 10)));
    let whole = complete("tow", 2, &schema(&people()), Wanted::Anything);
    assert_eq!(
        (whole[0].insert.as_str(), whole[0].replaces, whole[0].detail.as_str()),
        ("town", (0, 3), "categorical")
    );
    // What is offered can be written.
    for text in ["|", "age > |", "upper(|", "age |"] {
        for insert in
            offered(text, Wanted::Condition).iter().filter(|i| !i.ends_with('(') && !i.contains(' '))
        {
            assert!(lex::lex(insert).1.is_empty(), "{insert}");
        }
    }
}

#[cfg(not(target_family = "wasm"))]
mod properties {
    use super::*;
    use crate::numeric::Rng;
    use crate::table::{MISSING_CODE, Values};
    use proptest::prelude::*;
    use syntax::Expr;

    const PIECES: [&str; 40] = [
        "age",
        "town",
        "left",
        "since",
        "`total price`",
        "name",
        "(",
        ")",
        ",",
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "=",
        "!=",
        "<",
        ">=",
        "and",
        "or",
        "not",
        "in (",
        "between",
        "like",
        "is missing",
        "is not",
        "contains",
        "if(",
        "case when",
        "then",
        "else",
        "end",
        "missing",
        "1",
        "2.5e1",
        "'Paris'",
        "'2024-01-01'",
        "'",
        "`",
    ];

    fn expr() -> impl Strategy<Value = Expr> {
        let place = |node| Expr::leaf(node, 0, 0);
        let leaf = prop_oneof![
            prop_oneof![(0u32..2000).prop_map(|n| f64::from(n) / 8.0), 0.0..1e300f64].prop_map(Node::Number),
            "[a-z'\" `é]{0,4}".prop_map(Node::Text),
            any::<bool>().prop_map(Node::Boolean),
            Just(Node::Missing),
            "[a-z_.` ]{1,4}".prop_map(Node::Column),
            prop_oneof![Just("and"), Just("missing"), Just("age"), Just("if")]
                .prop_map(|c| Node::Column(c.to_owned())),
        ]
        .prop_map(place);
        leaf.prop_recursive(5, 40, 4, move |inner| {
            let two = [
                Op::Equal,
                Op::NotEqual,
                Op::Less,
                Op::AtMost,
                Op::Greater,
                Op::AtLeast,
                Op::Like,
                Op::Add,
                Op::Subtract,
                Op::Multiply,
                Op::Divide,
                Op::Remainder,
                Op::Power,
            ];
            let many = prop::collection::vec(inner.clone(), 2..5);
            prop_oneof![
                (prop::sample::select(two.to_vec()), inner.clone(), inner.clone())
                    .prop_map(|(op, a, b)| Expr::apply(op, vec![a, b], 0, 0)),
                (prop::sample::select(vec![Op::Not, Op::Negative, Op::IsMissing]), inner.clone())
                    .prop_map(|(op, a)| Expr::apply(op, vec![a], 0, 0)),
                (prop::sample::select(vec![Op::And, Op::Or]), many.clone()).prop_map(|(op, mut all)| {
                    // The parser joins what is joined from the left, as they mean the same.
                    let first = all.remove(0);
                    let joined = match first.node {
                        Node::Apply(inner, operands) if inner == op => operands,
                        node => vec![Expr { node, ..first }],
                    };
                    all.splice(0..0, joined);
                    Expr::apply(op, all, 0, 0)
                }),
                many.clone().prop_map(|all| Expr::apply(Op::In, all, 0, 0)),
                prop::collection::vec(inner.clone(), 3).prop_map(|all| Expr::apply(Op::Between, all, 0, 0)),
                prop::collection::vec(inner.clone(), 2..6).prop_map(|all| Expr::apply(Op::Case, all, 0, 0)),
                (0..FUNCTIONS.len(), prop::collection::vec(inner, 3)).prop_map(|(at, mut all)| {
                    let function = &FUNCTIONS[at];
                    all.truncate(function.takes.len());
                    match function.name {
                        "if" => Expr::apply(Op::Case, all, 0, 0),
                        "missing" => Expr::apply(Op::IsMissing, all, 0, 0),
                        _ => Expr::apply(Op::Call(at), all, 0, 0),
                    }
                }),
            ]
        })
    }

    fn survive(text: &str) {
        let people = people();
        let schema = schema(&people);
        if diagnose(text, &schema, Wanted::Condition).is_ok() {
            assert!(rows_where(text, &people, "p").is_ok(), "{text}");
        }
        if diagnose(text, &schema, Wanted::Anything).is_ok() {
            assert_eq!(derived("x", text, &people, "p").unwrap().len(), people.rows, "{text}");
        }
        for cursor in [text.len() / 2, text.len()] {
            let _ = complete(text, cursor, &schema, Wanted::Anything);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5000))]

        #[test]
        fn random_bytes_break_nothing(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            survive(&String::from_utf8_lossy(&bytes));
        }

        #[test]
        fn pieces_in_any_order_break_nothing(pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..12)) {
            survive(&pieces.join(" "));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn what_is_written_is_read_back(expr in expr()) {
            let text = expr.to_string();
            prop_assert_eq!(parse::parse(&text).map_err(|e| (e, text.clone())), Ok(expr), "{}", text);
        }

        #[test]
        fn mutations_break_nothing(expr in expr(), at in any::<prop::sample::Index>(), c in any::<char>()) {
            let mut chars: Vec<char> = expr.to_string().chars().collect();
            let at = at.index(chars.len());
            chars[at] = c;
            survive(&chars.into_iter().collect::<String>());
        }
    }

    const FORMULAS: [&str; 8] = [
        "upper(town)",
        "town = 'b' or town is missing",
        "town in ('a', 'c', missing)",
        "if(town > 'b', length(town), n)",
        "coalesce(town, 'none') + '!'",
        "if(town like 'a%', date('2024-01-01'), missing)",
        "case when town = 'a' then 'x' when town = 'b' then town end",
        "concat(town, n)",
    ];

    /// A row alone gives what it gives among others, by level or by row.
    #[test]
    fn rows_do_not_see_each_other() {
        let mut rng = Rng::new(5);
        let levels: Vec<String> = ["a", "b", "c", "ab"].map(str::to_owned).into();
        let mut codes: Vec<u32> = (0..60).map(|_| rng.below(4) as u32).collect();
        codes[7] = MISSING_CODE;
        let town = Column {
            name: "town".to_owned(),
            ty: ColumnType::Categorical,
            values: Values::Dict { codes, levels },
            spellings: Vec::new(),
        };
        let n = build::numbers("n", (0..60).map(|_| rng.below(9) as f64).collect());
        let table = Table::from_columns(vec![town, n]).unwrap();
        for text in FORMULAS {
            let all = derived("x", text, &table, "p").unwrap();
            for row in 0..60 {
                let alone = derived("x", text, &table.take(&[row]), "p").unwrap();
                assert_eq!(alone.text(0), all.text(row as usize), "{text} in row {row}");
            }
        }
    }
}
