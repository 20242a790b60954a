//! What a reporter may be asked for a class, beside place and words: Open311 service attributes.
//!
//! Given in the catalogue's own document, one row each:
//! `#attribute,class,code,datatype,required,question_zh,question_en,key=zh=en;…`.

use super::{Catalogue, Class};
use crate::fault::Fault;
use crate::ids::ClassCode;
use crate::table::{Setting, Table, Words, fault, words};
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
    /// Gives the attributes of the document to their classes.
    pub(super) fn attach_attributes(&mut self, table: &Table, faults: &mut Vec<Fault>) {
        for setting in table.settings("attribute") {
            let mut bad = |what, fix| faults.push(fault(&table.file, Some(setting.line), Some("attribute"), what, fix));
            let code = ClassCode::from(value(setting, 0));
            let Some(class) = self.by_code.get(&code).and_then(|at| self.classes.get_mut(*at)) else {
                bad(
                    words(format!("没有类别 {code}"), format!("there is no class {code}")),
                    words("改正编码", "correct the code"),
                );
                continue;
            };
            let attribute = match attribute(setting) {
                Ok(attribute) => attribute,
                Err((what, fix)) => {
                    bad(what, fix);
                    continue;
                }
            };
            if class.attributes.iter().any(|known| known.code == attribute.code) {
                bad(
                    words(
                        format!("{code} 的问题“{}”重复", attribute.code),
                        format!("{code} already has the attribute {:?}", attribute.code),
                    ),
                    words("删去一行", "remove one"),
                );
            } else {
                class.attributes.push(attribute);
            }
        }
    }
}

fn value(setting: &Setting, at: usize) -> &str {
    setting.values.get(at).map_or("", String::as_str)
}

fn attribute(setting: &Setting) -> Result<Attribute, (Words, Words)> {
    let (code, datatype_name, question_zh, question_en) =
        (value(setting, 1), value(setting, 2), value(setting, 4), value(setting, 5));
    if code.is_empty() || question_zh.is_empty() || question_en.is_empty() {
        return Err((
            words("缺代码或问题", "the code or a question is missing"),
            words(
                "写成 #attribute,类别,代码,类型,是否必填,中文问题,英文问题,选项",
                "write it as #attribute,class,code,datatype,required,Chinese question,English question,choices",
            ),
        ));
    }
    let Some(datatype) = Datatype::ALL.into_iter().find(|datatype| datatype.name() == datatype_name) else {
        return Err((
            words(format!("数据类型“{datatype_name}”不认识"), format!("{datatype_name:?} is not a data type")),
            words(
                format!("可用：{}", Datatype::ALL.map(Datatype::name).join("、")),
                format!("known: {}", Datatype::ALL.map(Datatype::name).join(", ")),
            ),
        ));
    };
    let is_required = match value(setting, 3) {
        "yes" => true,
        "no" | "" => false,
        other => {
            return Err((
                words(format!("“{other}”不是 yes 或 no"), format!("{other:?} is neither yes nor no")),
                words("写 yes 或 no", "write yes or no"),
            ));
        }
    };
    let mut values = Vec::new();
    for text in value(setting, 6).split([';', '；']).map(str::trim).filter(|text| !text.is_empty()) {
        let parts: Vec<&str> = text.split('=').map(str::trim).collect();
        match parts.as_slice() {
            [key, zh, en] if !key.is_empty() && !zh.is_empty() && !en.is_empty() => {
                values.push(AttributeValue { key: (*key).to_owned(), zh: (*zh).to_owned(), en: (*en).to_owned() });
            }
            _ => {
                return Err((
                    words(format!("选项“{text}”不完整"), format!("the choice {text:?} is incomplete")),
                    words("写成 代码=中文=英文", "write it as key=Chinese=English"),
                ));
            }
        }
    }
    if datatype.is_list() == values.is_empty() {
        return Err((
            words("选项只用于列表类型，且列表必须有选项", "choices belong to the list types, and those need some"),
            words("补上或删去选项", "add the choices or remove them"),
        ));
    }
    Ok(Attribute {
        code: code.to_owned(),
        datatype,
        is_required,
        question_zh: question_zh.to_owned(),
        question_en: question_en.to_owned(),
        values,
    })
}

/// The rows that [`Catalogue::attach_attributes`] reads back.
pub(super) fn settings(classes: &[Class]) -> impl Iterator<Item = Vec<String>> {
    classes.iter().flat_map(|class| class.attributes.iter().map(move |attribute| (class, attribute))).map(
        |(class, attribute)| {
            let values: Vec<String> =
                attribute.values.iter().map(|value| format!("{}={}={}", value.key, value.zh, value.en)).collect();
            vec![
                "#attribute".to_owned(),
                class.code.to_string(),
                attribute.code.clone(),
                attribute.datatype.name().to_owned(),
                if attribute.is_required { "yes" } else { "" }.to_owned(),
                attribute.question_zh.clone(),
                attribute.question_en.clone(),
                values.join(";"),
            ]
        },
    )
}
