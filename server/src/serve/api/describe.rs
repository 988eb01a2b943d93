//! The interface, described by OpenAPI 3.1. It follows from the list of routes.

use super::super::access::Action;
use super::{Content, Json, Route};
use axum::routing::get;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            "GET",
            "/api/v1/openapi.json",
            Action::Public,
            "Describes this interface",
            get(async || Json(description())),
        )
        .gives::<Value>(),
    ]
}

/// The description, made once.
fn description() -> &'static Value {
    static MADE: OnceLock<Value> = OnceLock::new();
    MADE.get_or_init(|| describe(&super::routes()))
}

fn describe(routes: &[Route]) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for route in routes {
        // Names with a star take the rest of the path, which OpenAPI cannot say.
        let path = route.path.replace("{*", "{");
        let operation = operation(route, &mut generator);
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[route.method.to_ascii_lowercase()] = operation;
    }
    let mut schemas = generator.take_definitions(true);
    schemas.insert("Problem".to_owned(), problem());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Trellis",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Keeps projects, runs pipelines and predicts. Problems are told as in RFC 9457.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": super::super::access::who::COOKIE },
            },
        },
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "description": "Stable, for programs" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string", "description": "What happened and what to do, for people" },
            "pointer": { "type": "string", "description": "JSON pointer to what is wrong in the request" },
            "request_id": { "type": "string", "description": "For whoever runs the server, to find it in the log" },
            "diagnostics": { "type": "array", "items": { "type": "object" } },
        },
    })
}

/// One event of a stream.
fn event() -> Value {
    let text = |says: &str| json!({ "type": "string", "description": says });
    json!({
        "type": "object",
        "required": ["data"],
        "properties": {
            "id": text("For Last-Event-ID"),
            "event": text("What kind of event"),
            "data": text("JSON"),
        },
    })
}

fn content(content: &Content, generator: &mut SchemaGenerator) -> Option<Value> {
    let bytes = json!({ "type": "string", "contentEncoding": "binary" });
    Some(match content {
        Content::Nothing => return None,
        Content::Json(schema) => json!({ "application/json": { "schema": schema(generator) } }),
        Content::Bytes => json!({ "application/octet-stream": { "schema": bytes } }),
        Content::Zip => json!({ "application/zip": { "schema": bytes } }),
        Content::Text => json!({ "text/plain": { "schema": { "type": "string" } } }),
        Content::Events => json!({ "text/event-stream": { "schema": event() } }),
    })
}

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let mut parameters: Vec<Value> = names(route.path)
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    if let Some(query) = route.query {
        let mut schema = query(generator);
        // A struct is written among the definitions; its fields are what is asked.
        if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.rsplit('/').next()) {
            let found = generator.definitions().get(name).cloned().unwrap_or_default();
            schema = found.try_into().unwrap_or_default();
        }
        let required = schema.get("required").cloned().unwrap_or_default();
        let required: Vec<&str> =
            required.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (name, of) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let needed = required.contains(&name.as_str());
            parameters.push(json!({ "name": name, "in": "query", "required": needed, "schema": of }));
        }
    }
    parameters.extend(route.headers.iter().map(|(name, says)| {
        json!({ "name": name, "in": "header", "required": false, "description": says, "schema": { "type": "string" } })
    }));
    let problem = json!({ "$ref": "#/components/schemas/Problem" });
    let mut operation = json!({
        "summary": route.summary,
        "operationId": id(route),
        "parameters": parameters,
        "responses": {
            "default": {
                "description": "A problem",
                "content": { "application/problem+json": { "schema": problem } },
            },
        },
    });
    for (status, gives) in
        [(route.status, &route.gives)].into_iter().chain(route.or.iter().map(|o| (o.0, &o.1)))
    {
        let mut good = json!({ "description": told(status) });
        if let Some(content) = content(gives, generator) {
            good["content"] = content;
        }
        operation["responses"][status.to_string()] = good;
    }
    if let Some(content) = content(&route.takes, generator) {
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    if route.action != Action::Public {
        operation["security"] = json!([{ "token": [] }, { "session": [] }]);
    }
    operation
}

/// What a status says where all is well.
fn told(status: u16) -> &'static str {
    match status {
        201 => "Made",
        204 => "Done; there is nothing to tell",
        304 => "As you know it",
        _ => "Done",
    }
}

/// The names of the parameters in a path.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|n| n.trim_start_matches('*'))
}

/// A name for a route: its method and the words of its path.
fn id(route: &Route) -> String {
    let words = route.path.trim_start_matches("/api/v1").split('/').filter(|p| !p.is_empty());
    let words = words.map(|w| w.trim_matches(['{', '}', '*']).replace(['-', '.'], "_"));
    let mut id = route.method.to_ascii_lowercase();
    words.for_each(|word| {
        id.push('_');
        id.push_str(&word);
    });
    id
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_route_is_described_once_and_every_reference_leads_somewhere() {
        let routes = super::super::routes();
        let described = describe(&routes);
        let mut ids = BTreeSet::new();
        for (path, methods) in described["paths"].as_object().expect("paths") {
            for (method, operation) in methods.as_object().expect("methods") {
                let id = operation["operationId"].as_str().expect("an id").to_owned();
                assert!(ids.insert(id.clone()), "{id} is there twice");
                let told = operation["parameters"].as_array().expect("parameters");
                let told = told.iter().filter(|p| p["in"] == "path").count();
                assert_eq!(told, path.matches('{').count(), "{method} {path}");
            }
        }
        assert_eq!(ids.len(), routes.len());
        let text = described.to_string();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap_or_default();
            assert!(described["components"]["schemas"].get(name).is_some(), "{name}");
        }
    }
}
