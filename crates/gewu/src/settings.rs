//! From what the operator wrote to the settings of each room, and what can be written.

use crate::args::Serve;
use gewu_web::{
    Jurisdiction,
    limits::{Rate, Rates},
};

impl Serve {
    /// What the doors are told.
    pub fn web(&self) -> gewu_web::Settings {
        let usual = gewu_web::Settings::default();
        gewu_web::Settings {
            public_url: self.public_url.clone().unwrap_or_else(|| format!("http://{}", self.listen)),
            jurisdictions: self.jurisdictions.clone(),
            contact: self.contact.clone().unwrap_or(usual.contact),
            key_service: self.key_service.clone().unwrap_or(usual.key_service),
            description_public: self.publish_descriptions,
            is_test: self.test_endpoint,
            trusted_proxies: self.trusted_proxies,
            bodies_bytes_most: u64::from(self.bodies_mb) << 20,
            rates: Rates {
                read: self.rate_read,
                write: self.rate_write,
                sign_in: self.rate_sign_in,
                secret: self.rate_secret,
            },
            ..usual
        }
    }

    /// What the use cases are told.
    pub fn app(&self) -> gewu_app::Settings {
        gewu_app::Settings {
            idle_minutes: self.idle_minutes,
            session_hours: self.session_hours,
            ..gewu_app::Settings::default()
        }
    }
}

/// `https://host` or `http://host:port`, without anything behind it.
pub fn public_url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let host = url.strip_prefix("https://").or(url.strip_prefix("http://"));
    let is_address = host.is_some_and(|host| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
    });
    is_address.then(|| url.to_owned()).ok_or_else(|| {
        "应如 https://311.example.org，后面不带路径 · must be like https://311.example.org, without a path".to_owned()
    })
}

/// `ID`, or `ID=REGION` with the six digits of a region.
pub fn jurisdiction(text: &str) -> Result<Jurisdiction, String> {
    let (id, region) = match text.split_once('=') {
        Some((id, region)) => (id, Some(region)),
        None => (text, None),
    };
    let region = region.map(str::parse).transpose().map_err(|_| {
        "= 后应为六位区县代码，如 west.example.org=370102 · the six digits of a region stand behind =".to_owned()
    })?;
    if id.is_empty() || id.contains(char::is_whitespace) {
        return Err("辖区的名字不能为空或带空格 · the id of a jurisdiction is neither empty nor has spaces".to_owned());
    }
    Ok(Jurisdiction { id: id.to_owned(), region })
}

/// `120/60`: a burst and so many each minute; `off`: no limit.
pub fn rate(text: &str) -> Result<Rate, String> {
    if text == "off" {
        return Ok(Rate::OFF);
    }
    let numbers = text.split_once('/').and_then(|(burst, minute)| Some((burst.parse().ok()?, minute.parse().ok()?)));
    match numbers {
        Some((burst, per_minute)) if burst > 0 && per_minute > 0 => Ok(Rate { burst, per_minute }),
        _ => Err("应如 120/60，或 off · must be like 120/60, or off".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Args, Command};
    use clap::Parser;

    fn serve(args: &[&str]) -> Serve {
        let Command::Serve(serve) = Args::parse_from([&["gewu", "serve"], args].concat()).command else {
            unreachable!("serve was asked for")
        };
        serve
    }

    #[test]
    fn what_nobody_chose_is_what_each_room_would_choose() {
        let (web, usual) = (serve(&[]).web(), gewu_web::Settings::default());
        assert_eq!((web.rates, &web.jurisdictions), (usual.rates, &usual.jurisdictions));
        assert_eq!((web.description_public, web.is_test), (usual.description_public, usual.is_test));
        assert_eq!(web.public_url, "http://127.0.0.1:8311");
        let (app, usual) = (serve(&[]).app(), gewu_app::Settings::default());
        assert_eq!((app.idle_minutes, app.session_hours), (usual.idle_minutes, usual.session_hours));
    }

    #[test]
    fn an_address_is_taken_without_its_last_slash_and_nothing_that_is_none() {
        assert_eq!(public_url("https://311.example.org/"), Ok("https://311.example.org".to_owned()));
        assert_eq!(public_url("http://[::1]:8311"), Ok("http://[::1]:8311".to_owned()));
        for wrong in ["311.example.org", "https://", "https://a/b", "ftp://a", "https://a b", "https://a?b"] {
            assert!(public_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn jurisdictions_and_rates_are_read_and_nonsense_is_not() {
        let one = jurisdiction("east.example.org=370102").expect("fine");
        assert_eq!((one.id.as_str(), one.region.map(|region| region.0)), ("east.example.org", Some(370_102)));
        assert_eq!(jurisdiction("city").expect("fine").region, None);
        for wrong in ["", "=370102", "a=", "a=x", "a b"] {
            assert!(jurisdiction(wrong).is_err(), "{wrong}");
        }
        assert_eq!(rate("5/2"), Ok(Rate { burst: 5, per_minute: 2 }));
        assert_eq!(rate("off").map(|rate| rate.per_minute), Ok(0));
        for wrong in ["5", "5/", "/2", "0/2", "5/0", "-1/2", "a/b"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
