//! An answer before it is written: XML as the specification draws it, JSON by its Spark convention.
//!
//! The convention makes a list of a container whose children all have one name, and drops that name; everything else
//! becomes an object. Nothing else is needed, so nothing else is here.

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};
use serde_json::{Map, Value};

/// A part of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    Null,
    Flag(bool),
    Whole(u64),
    Number(f64),
    Text(String),
    /// The name of its children in XML.
    List(&'static str, Vec<Tree>),
    Record(Vec<(&'static str, Tree)>),
}

impl Tree {
    pub fn text(text: impl Into<String>) -> Tree {
        Tree::Text(text.into())
    }

    /// Nothing, or a text.
    pub fn maybe(text: Option<impl Into<String>>) -> Tree {
        text.map_or(Tree::Null, Tree::text)
    }

    pub fn whole(number: impl Into<u64>) -> Tree {
        Tree::Whole(number.into())
    }

    pub fn list(child: &'static str, trees: impl IntoIterator<Item = Tree>) -> Tree {
        Tree::List(child, trees.into_iter().collect())
    }

    pub fn record(fields: impl IntoIterator<Item = (&'static str, Tree)>) -> Tree {
        Tree::Record(fields.into_iter().collect())
    }

    pub fn json(&self) -> Value {
        match self {
            Tree::Null => Value::Null,
            Tree::Flag(flag) => (*flag).into(),
            Tree::Whole(number) => (*number).into(),
            Tree::Number(number) => (*number).into(),
            Tree::Text(text) => text.as_str().into(),
            Tree::List(_, trees) => trees.iter().map(Tree::json).collect(),
            Tree::Record(fields) => {
                let fields = fields.iter().map(|(name, tree)| ((*name).to_owned(), tree.json()));
                Value::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// A whole document.
    pub fn xml(&self, root: &str) -> String {
        let mut writer = Writer::new(Vec::new());
        let declared = writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)));
        declared.and_then(|()| self.write(&mut writer, root)).expect("memory takes every byte");
        String::from_utf8(writer.into_inner()).expect("only text was written")
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>, name: &str) -> std::io::Result<()> {
        let element = writer.create_element(name);
        let text = match self {
            Tree::Null => return element.write_empty().map(|_| ()),
            Tree::List(child, trees) => {
                return element
                    .write_inner_content(|writer| trees.iter().try_for_each(|tree| tree.write(writer, child)))
                    .map(|_| ());
            }
            Tree::Record(fields) => {
                return element
                    .write_inner_content(|writer| fields.iter().try_for_each(|(name, tree)| tree.write(writer, name)))
                    .map(|_| ());
            }
            Tree::Flag(flag) => flag.to_string(),
            Tree::Whole(number) => number.to_string(),
            Tree::Number(number) => number.to_string(),
            Tree::Text(text) => text.chars().filter(|one| is_xml(*one)).collect(),
        };
        element.write_text_content(BytesText::new(&text)).map(|_| ())
    }
}

/// What XML 1.0 can say at all: no control characters but tab and line ends.
fn is_xml(one: char) -> bool {
    matches!(one, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Tree {
        Tree::list(
            "request",
            [Tree::record([
                ("id", Tree::text("1 < 2 & \u{7}三")),
                ("lat", Tree::Number(39.9)),
                ("nothing", Tree::Null),
                ("values", Tree::list("value", [Tree::Flag(true), Tree::whole(7_u64)])),
            ])],
        )
    }

    #[test]
    fn both_formats_say_the_same() {
        assert_eq!(
            sample().xml("service_requests"),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><service_requests><request><id>1 &lt; 2 &amp; 三</id>\
             <lat>39.9</lat><nothing/><values><value>true</value><value>7</value></values></request></service_requests>"
        );
        let json = r#"[{"id":"1 < 2 & \u0007三","lat":39.9,"nothing":null,"values":[true,7]}]"#;
        assert_eq!(sample().json(), serde_json::from_str::<Value>(json).expect("JSON"));
    }

    #[test]
    fn whatever_somebody_wrote_the_document_can_be_read_back() {
        let all: String = (0..=0x11_ffff_u32).filter_map(char::from_u32).step_by(97).collect();
        let written = Tree::record([("words", Tree::text(all))]).xml("root");
        let mut reader = quick_xml::Reader::from_str(&written);
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Eof => break,
                Event::Text(text) => assert!(text.xml10_content().chars().all(is_xml)),
                _ => {}
            }
        }
    }
}
