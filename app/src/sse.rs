//! Server-sent events, as they come in parts (HTML standard, section 9.2).

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// The last number that was told, with this event or before.
    pub id: String,
    pub kind: String,
    pub data: String,
}

/// Takes bytes and gives whole events.
#[derive(Debug, Default)]
pub struct Parser {
    rest: Vec<u8>,
    id: String,
    kind: String,
    data: String,
}

impl Parser {
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Told> {
        self.rest.extend_from_slice(bytes);
        let mut told = Vec::new();
        while let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                told.extend(self.dispatch());
            } else {
                self.field(line);
            }
        }
        told
    }

    /// An empty line ends an event.
    fn dispatch(&mut self) -> Option<Told> {
        let (kind, mut data) = (std::mem::take(&mut self.kind), std::mem::take(&mut self.data));
        if data.is_empty() {
            return None;
        }
        data.pop();
        Some(Told { id: self.id.clone(), kind, data })
    }

    fn field(&mut self, line: &str) {
        // A line that begins with a colon is a word between two events, so that the connection stays.
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => value.clone_into(&mut self.id),
            "event" => value.clone_into(&mut self.kind),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_events_wherever_they_are_cut() {
        let text = "id: 1\nevent: board\ndata: {\"a\": \"ä\"}\n\n: still here\n\nid:2\r\ndata: x\r\ndata: y\r\n\r\nevent: none\n\n";
        let expected = [
            Told { id: "1".to_owned(), kind: "board".to_owned(), data: "{\"a\": \"ä\"}".to_owned() },
            Told { id: "2".to_owned(), kind: String::new(), data: "x\ny".to_owned() },
        ];
        for size in 1..text.len() {
            let mut parser = Parser::default();
            let told: Vec<Told> = text.as_bytes().chunks(size).flat_map(|part| parser.push(part)).collect();
            assert_eq!(told, expected, "in parts of {size}");
        }
    }
}
