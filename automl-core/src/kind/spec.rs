//! What a kind of node declares, once: palette, inspector, checks, documentation and command line follow it.
//!
//! Declarations are plain data and travel to fronts as JSON.

use crate::table::ColumnType;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The parameter in which a node with an input that takes several wires keeps their order: a JSON array of their
/// sources as `node.port`. Sources that it does not name follow by the ids of their nodes.
pub const ORDER: &str = "order";

/// What flows along a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortType {
    /// Rows and columns.
    Table,
    /// What is to be predicted, and how it is judged.
    Target,
    /// A fitted pipeline.
    Model,
    /// How good models are.
    Scores,
    /// Charts and text for people.
    Report,
}

/// Where a kind stands in the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Tables from somewhere.
    Source,
    /// Which rows.
    Rows,
    /// Which columns, and new ones.
    Columns,
    /// Several tables into one, many rows into few.
    Combine,
    /// What learns from rows to prepare them: fitted inside the folds.
    Prepare,
    /// Learners and searches.
    Model,
    /// Evaluate, compare, explain, predict.
    Judge,
    /// Charts and statistics.
    Look,
    /// Files.
    Export,
}

impl Group {
    /// In the palette's order.
    pub const ALL: [Self; 9] = [
        Self::Source,
        Self::Rows,
        Self::Columns,
        Self::Combine,
        Self::Prepare,
        Self::Model,
        Self::Judge,
        Self::Look,
        Self::Export,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Source => "Data",
            Self::Rows => "Rows",
            Self::Columns => "Columns",
            Self::Combine => "Combine and group",
            Self::Prepare => "Prepare",
            Self::Model => "Models",
            Self::Judge => "Judge and explain",
            Self::Look => "Charts and statistics",
            Self::Export => "Export",
        }
    }
}

/// A place where wires end or begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortSpec {
    /// Stable name, as documents hold it.
    pub name: String,
    pub title: String,
    pub ty: PortType,
    /// An input that may stay without a wire.
    #[serde(default)]
    pub optional: bool,
    /// An input that takes several wires.
    #[serde(default)]
    pub many: bool,
}

impl PortSpec {
    pub fn new(name: &str, title: &str, ty: PortType) -> Self {
        Self { name: name.to_owned(), title: title.to_owned(), ty, optional: false, many: false }
    }

    /// The port that most kinds have: `table`.
    pub fn table() -> Self {
        Self::new("table", "Table", PortType::Table)
    }

    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    #[must_use]
    pub fn many(mut self) -> Self {
        self.many = true;
        self
    }
}

/// One of the values that a choice offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChoiceOption {
    pub id: String,
    pub title: String,
}

/// What an expression must give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// Yes or no, for each row.
    Condition,
    Anything,
}

/// What values a parameter takes, and its default. A parameter that is absent from a document has its default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "field", rename_all = "snake_case")]
pub enum FieldKind {
    /// JSON number. `soft`: the range that a slider offers; `default: None`: empty, which has a meaning of its own.
    Number { default: Option<f64>, min: f64, max: f64, soft: (f64, f64), unit: String },
    /// JSON whole number.
    Integer { default: Option<i64>, min: i64, max: i64, soft: (i64, i64), unit: String },
    /// JSON boolean.
    Flag { default: bool },
    /// The id of an option, JSON string.
    Choice { default: String, options: Vec<ChoiceOption> },
    /// JSON string.
    Text { default: String, multiline: bool, placeholder: String },
    /// The name of a column of the table at the input `port`, JSON string. `types`: empty for any.
    Column { port: String, types: Vec<ColumnType> },
    /// Names of columns, JSON array of strings.
    Columns { port: String, types: Vec<ColumnType> },
    /// An expression over the columns of the table at `port`, JSON string.
    Expression { port: String, wanted: Wanted },
    /// JSON array of objects with these fields, at least `least` of them.
    List { item: String, fields: Vec<FieldSpec>, least: usize },
    /// Kept by whoever sets it; forms do not show it.
    Hidden,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldSpec {
    /// Stable name, as documents hold it.
    pub name: String,
    pub title: String,
    /// One plain sentence.
    pub help: String,
    pub kind: FieldKind,
    /// Has no usable default: the node is not set until it is given.
    #[serde(default)]
    pub required: bool,
    /// Shown under "More".
    #[serde(default)]
    pub advanced: bool,
    /// Shown, and heeded, only where another parameter has one of these values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<(String, Vec<Value>)>,
}

impl FieldSpec {
    pub fn new(name: &str, title: &str, help: &str, kind: FieldKind) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            help: help.to_owned(),
            kind,
            required: false,
            advanced: false,
            only_if: None,
        }
    }

    pub fn number(
        name: &str,
        title: &str,
        help: &str,
        default: f64,
        range: (f64, f64),
        soft: (f64, f64),
    ) -> Self {
        let (min, max) = range;
        let kind = FieldKind::Number { default: Some(default), min, max, soft, unit: String::new() };
        Self::new(name, title, help, kind)
    }

    pub fn integer(
        name: &str,
        title: &str,
        help: &str,
        default: i64,
        range: (i64, i64),
        soft: (i64, i64),
    ) -> Self {
        let (min, max) = range;
        let kind = FieldKind::Integer { default: Some(default), min, max, soft, unit: String::new() };
        Self::new(name, title, help, kind)
    }

    pub fn flag(name: &str, title: &str, help: &str, default: bool) -> Self {
        Self::new(name, title, help, FieldKind::Flag { default })
    }

    /// `options`: ids and titles, the default first.
    pub fn choice(name: &str, title: &str, help: &str, options: &[(&str, &str)]) -> Self {
        let option =
            |(id, title): &(&str, &str)| ChoiceOption { id: (*id).to_owned(), title: (*title).to_owned() };
        let default = options.first().map_or(String::new(), |o| o.0.to_owned());
        Self::new(
            name,
            title,
            help,
            FieldKind::Choice { default, options: options.iter().map(option).collect() },
        )
    }

    pub fn text(name: &str, title: &str, help: &str, default: &str) -> Self {
        let kind =
            FieldKind::Text { default: default.to_owned(), multiline: false, placeholder: String::new() };
        Self::new(name, title, help, kind)
    }

    /// [`ORDER`].
    pub fn order() -> Self {
        Self::new(
            ORDER,
            "Order",
            "The order of what is connected where several wires end.",
            FieldKind::Hidden,
        )
    }

    /// A column of the input `table`.
    pub fn column(name: &str, title: &str, help: &str, types: &[ColumnType]) -> Self {
        let kind = FieldKind::Column { port: "table".to_owned(), types: types.to_vec() };
        Self::new(name, title, help, kind)
    }

    /// Columns of the input `table`.
    pub fn columns(name: &str, title: &str, help: &str, types: &[ColumnType]) -> Self {
        let kind = FieldKind::Columns { port: "table".to_owned(), types: types.to_vec() };
        Self::new(name, title, help, kind)
    }

    pub fn expression(name: &str, title: &str, help: &str, wanted: Wanted) -> Self {
        Self::new(name, title, help, FieldKind::Expression { port: "table".to_owned(), wanted })
    }

    /// `item`: what one entry is called, for example `sort key`.
    pub fn list(name: &str, title: &str, help: &str, item: &str, fields: Vec<FieldSpec>) -> Self {
        Self::new(name, title, help, FieldKind::List { item: item.to_owned(), fields, least: 0 })
    }

    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        if let FieldKind::List { least, .. } = &mut self.kind {
            *least = 1;
        }
        self
    }

    #[must_use]
    pub fn advanced(mut self) -> Self {
        self.advanced = true;
        self
    }

    /// `values`: of the parameter `name`.
    #[must_use]
    pub fn only_if(mut self, name: &str, values: &[Value]) -> Self {
        self.only_if = Some((name.to_owned(), values.to_vec()));
        self
    }

    /// Where the columns are taken from, for fields of columns and expressions.
    #[must_use]
    pub fn of_port(mut self, name: &str) -> Self {
        if let FieldKind::Column { port, .. }
        | FieldKind::Columns { port, .. }
        | FieldKind::Expression { port, .. } = &mut self.kind
        {
            *port = name.to_owned();
        }
        self
    }

    #[must_use]
    pub fn unit(mut self, name: &str) -> Self {
        if let FieldKind::Number { unit, .. } | FieldKind::Integer { unit, .. } = &mut self.kind {
            *unit = name.to_owned();
        }
        self
    }

    /// The default as JSON; null where there is none.
    pub fn default_value(&self) -> Value {
        match &self.kind {
            FieldKind::Number { default, .. } => default.map_or(Value::Null, Value::from),
            FieldKind::Integer { default, .. } => default.map_or(Value::Null, Value::from),
            FieldKind::Flag { default } => Value::from(*default),
            FieldKind::Choice { default, .. } | FieldKind::Text { default, .. } => {
                Value::from(default.as_str())
            }
            FieldKind::Columns { .. } | FieldKind::List { .. } => Value::Array(Vec::new()),
            FieldKind::Column { .. } | FieldKind::Expression { .. } => Value::from(""),
            FieldKind::Hidden => Value::Null,
        }
    }
}

/// What a kind does, shown on a small table that anyone can run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Example {
    /// Input port and its table as CSV.
    pub tables: Vec<(String, String)>,
    pub params: Map<String, Value>,
    /// What comes of it, one sentence.
    pub outcome: String,
}

impl Example {
    /// `params`: a JSON object.
    pub fn new(tables: &[(&str, &str)], params: Value, outcome: &str) -> Self {
        let params = if let Value::Object(params) = params { params } else { Map::new() };
        let tables = tables.iter().map(|(port, csv)| ((*port).to_owned(), (*csv).to_owned())).collect();
        Self { tables, params, outcome: outcome.to_owned() }
    }
}

/// How a kind stands to rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    /// Each row of the one table that comes in gives one row of the one that goes out, by itself.
    Apart,
    /// As [`Rows::Apart`], by rules that are learned from rows: upstream of training, fitted inside each fold.
    Fitted,
    /// Anything else: rows are chosen, put in order, brought together.
    Together,
}

/// A kind of node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KindSpec {
    /// Stable id, for example `table.filter`.
    pub id: String,
    /// Version of the parameters.
    pub version: u32,
    pub title: String,
    /// One plain sentence for a newcomer.
    pub help: String,
    /// What else one may want to know; paragraphs with line ends between.
    pub more: String,
    /// Other words that people look for it by.
    pub words: String,
    pub group: Group,
    pub rows: Rows,
    pub inputs: Vec<PortSpec>,
    pub outputs: Vec<PortSpec>,
    pub fields: Vec<FieldSpec>,
    pub example: Option<Example>,
}

impl KindSpec {
    /// From a table to a table, version 1; the rest is set by field.
    pub fn new(id: &str, title: &str, group: Group, rows: Rows, help: &str) -> Self {
        Self {
            id: id.to_owned(),
            version: 1,
            title: title.to_owned(),
            help: help.to_owned(),
            more: String::new(),
            words: String::new(),
            group,
            rows,
            inputs: vec![PortSpec::table()],
            outputs: vec![PortSpec::table()],
            fields: Vec::new(),
            example: None,
        }
    }

    pub fn input(&self, name: &str) -> Option<&PortSpec> {
        self.inputs.iter().find(|p| p.name == name)
    }

    pub fn output(&self, name: &str) -> Option<&PortSpec> {
        self.outputs.iter().find(|p| p.name == name)
    }

    pub fn field(&self, name: &str) -> Option<&FieldSpec> {
        self.fields.iter().find(|f| f.name == name)
    }
}
