//! What a reporter may be asked for a class, beside place and words: Open311 service attributes.

use super::Catalogue;
use crate::fault::Fault;
use crate::ids::ClassCode;
use crate::table::{Row, Table, words};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    pub code: String,
    pub datatype: Datatype,
    pub is_required: bool,
    pub question_zh: String,
    pub question_en: String,
    /// For the two list types; empty otherwise.
    pub values: Vec<AttributeValue>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttributeValue {
    pub key: String,
    pub zh: String,
    pub en: String,
}

/// The data types of GeoReport v2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Datatype {
    String,
    Number,
    DateTime,
    Text,
    SingleValueList,
    MultiValueList,
}

impl Datatype {
    const ALL: [Datatype; 6] = [
        Datatype::String,
        Datatype::Number,
        Datatype::DateTime,
        Datatype::Text,
        Datatype::SingleValueList,
        Datatype::MultiValueList,
    ];

    /// As GeoReport v2 writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Datatype::String => "string",
            Datatype::Number => "number",
            Datatype::DateTime => "datetime",
            Datatype::Text => "text",
            Datatype::SingleValueList => "singlevaluelist",
            Datatype::MultiValueList => "multivaluelist",
        }
    }

    const fn is_list(self) -> bool {
        matches!(self, Datatype::SingleValueList | Datatype::MultiValueList)
    }
}

impl Catalogue {
    /// Reads a CSV document of attributes (`class,code,datatype,required,question_zh,question_en,values`, the values
    /// as `key=zh=en;…`) and gives them to their classes, in place of those they had.
    ///
    /// # Errors
    /// Every fault of the document, by line; the catalogue is then as it was.
    pub fn attach_attributes(&mut self, file: &str, text: &str) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        let required = ["class", "code", "datatype", "question_zh", "question_en"];
        let table = Table::read(file, text, &required, &["required", "values"], &mut faults);
        table.only_settings(&[], &mut faults);
        let mut found: Vec<(ClassCode, Attribute)> = Vec::new();
        for row in table.rows() {
            let class = ClassCode::from(row.needed("class", &mut faults));
            if self.get(&class).is_none() && !class.as_str().is_empty() {
                faults.push(row.fault(
                    "class",
                    words(format!("没有类别 {class}"), format!("there is no class {class}")),
                    words("改正编码", "correct the code"),
                ));
            }
            if let Some(attribute) = attribute(row, &mut faults) {
                if found.iter().any(|(of, known)| *of == class && known.code == attribute.code) {
                    faults.push(row.fault(
                        "code",
                        words(
                            format!("{class} 的问题“{}”重复", attribute.code),
                            format!("{class} already has the attribute {:?}", attribute.code),
                        ),
                        words("删去一行", "remove one"),
                    ));
                }
                found.push((class, attribute));
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        for class in &mut self.classes {
            class.attributes.clear();
            class
                .attributes
                .extend(found.iter().filter(|(of, _)| *of == class.code).map(|(_, attribute)| attribute.clone()));
        }
        Ok(())
    }
}

fn attribute(row: Row, faults: &mut Vec<Fault>) -> Option<Attribute> {
    let code = row.needed("code", faults).to_owned();
    let question_zh = row.needed("question_zh", faults).to_owned();
    let question_en = row.needed("question_en", faults).to_owned();
    let is_required = row.is_yes("required", faults);
    let datatype_name = row.needed("datatype", faults);
    let datatype = Datatype::ALL.into_iter().find(|datatype| datatype.name() == datatype_name);
    if datatype.is_none() && !datatype_name.is_empty() {
        let known = Datatype::ALL.map(Datatype::name).join("、");
        faults.push(row.fault(
            "datatype",
            words(format!("数据类型“{datatype_name}”不认识"), format!("{datatype_name:?} is not a data type")),
            words(format!("可用：{known}"), format!("known: {}", Datatype::ALL.map(Datatype::name).join(", "))),
        ));
    }
    let mut values = Vec::new();
    for text in row.list("values") {
        let parts: Vec<&str> = text.split('=').map(str::trim).collect();
        match parts.as_slice() {
            [key, zh, en] if !key.is_empty() && !zh.is_empty() && !en.is_empty() => {
                values.push(AttributeValue { key: (*key).to_owned(), zh: (*zh).to_owned(), en: (*en).to_owned() });
            }
            _ => faults.push(row.fault(
                "values",
                words(format!("选项“{text}”不完整"), format!("the choice {text:?} is incomplete")),
                words("写成 代码=中文=英文", "write it as key=Chinese=English"),
            )),
        }
    }
    let datatype = datatype?;
    if datatype.is_list() == values.is_empty() {
        faults.push(row.fault(
            "values",
            words("选项只用于列表类型，且列表必须有选项", "choices belong to the list types, and those need some"),
            words("补上或删去选项", "add the choices or remove them"),
        ));
    }
    Some(Attribute { code, datatype, is_required, question_zh, question_en, values })
}
