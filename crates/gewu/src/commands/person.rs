//! `gewu person erase`: what somebody gave goes, the chain stays.

use crate::{
    args::{Person, Place},
    commands::{confirmed, told, user},
    wiring,
};
use anyhow::{Result, bail};
use gewu_app::{App, Caller, Settings, erase::Erased};

pub async fn run(place: &Place, person: Person) -> Result<()> {
    let Person::Erase { case, phone, email, login, dry_run, yes } = person;
    let app = wiring::open(place, Settings::default()).await?;
    if let Some(login) = login {
        let id = user::person(&app, &login).await?;
        if dry_run {
            println!("将抹去工作人员 {login}（{id}）的姓名和账户 · name and account would go");
            return Ok(());
        }
        if !yes && !confirmed(&format!("抹去 {login} 的姓名和账户？不能撤销 · erase? cannot be undone"))?
        {
            bail!("没有改动 · nothing was changed（非交互时请加 --yes · add --yes without a terminal）");
        }
        app.erase_person(&Caller::system(), None, id).await.map_err(told)?;
        println!("已抹去 erased");
        return Ok(());
    }
    let whose = (case, phone, email);
    let would = erase(&app, &whose, true).await?;
    println!(
        "案件 cases {} · 文字 texts {} · 联系方式 contacts {} · 照片 photos {}",
        would.cases.len(),
        would.texts,
        would.contacts,
        would.photos
    );
    if dry_run {
        return Ok(());
    }
    if !yes && !confirmed("抹去以上内容？不能撤销 · erase these? cannot be undone")? {
        bail!("没有改动 · nothing was changed（非交互时请加 --yes · add --yes without a terminal）");
    }
    erase(&app, &whose, false).await?;
    println!(
        "已抹去；记录链保持完整，备份里的副本随备份到期删除 · erased; the chain stays whole, copies in backups go with the backups"
    );
    Ok(())
}

async fn erase(app: &App, whose: &(Option<String>, Option<String>, Option<String>), dry_run: bool) -> Result<Erased> {
    let system = Caller::system();
    match whose {
        (Some(number), _, _) => {
            let address = app.address_of(number).await.map_err(told)?;
            app.erase_report(&system, None, address, dry_run).await.map_err(told)
        }
        (_, Some(phone), _) => app.erase_person_by_contact(&system, None, "phone", phone, dry_run).await.map_err(told),
        (_, _, Some(email)) => app.erase_person_by_contact(&system, None, "email", email, dry_run).await.map_err(told),
        _ => bail!("请用 --case、--phone、--email 或 --login 说明是谁 · say whose with one of them"),
    }
}
