//! `gewu client`: API keys, for the operator.

use crate::{
    args::{Client, Place},
    commands::told,
    wiring,
};
use anyhow::Result;
use gewu_app::{Caller, Settings};
use gewu_domain::ids::AreaCode;

pub async fn run(place: &Place, client: Client) -> Result<()> {
    let app = wiring::open(place, Settings::default()).await?;
    let system = Caller::system();
    match client {
        Client::Add { name, scopes, area } => {
            let area = area.map(AreaCode::new);
            let (id, key) = app.add_client(&system, None, &name, scopes, area).await.map_err(told)?;
            eprintln!("{id}；密钥只显示这一次 · the key is shown this once:");
            println!("{key}");
        }
        Client::Revoke { id } => {
            app.revoke_client(&system, None, id.parse()?).await.map_err(told)?;
            println!("已收回 revoked");
        }
        Client::List => {
            for client in app.clients(&system).await.map_err(told)? {
                let state = if client.revoked_at.is_some() { "已收回 revoked" } else { "有效 valid" };
                let area = client.area.map_or_else(|| "全市 whole city".to_owned(), |area| area.to_string());
                println!("{} {} [{}] {area} {state}", client.id, client.name, client.scopes.join(", "));
            }
        }
    }
    Ok(())
}
