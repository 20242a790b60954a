//! Signing in: what the pages and the operator see of it.

use crate::house::{House, Keeper, PASSWORD};
use gewu_domain::people::Role;
use serde_json::json;

#[test]
fn pages_and_api_count_and_answer_wrong_passwords_alike_whether_the_name_exists_or_not() {
    let mut house = House::set_up(Keeper::Sqlite);
    house.employ("acceptor", Role::Acceptor, None);
    house.serve();
    for login in ["acceptor", "nobody"] {
        let page = || house.fill_in("/sign-in", &format!("login={login}&password=not+this+one"));
        let api = || house.post("/api/v1/session", None, None, &json!({ "login": login, "password": "nor this" }));
        let (statuses, pages): (Vec<u16>, Vec<String>) = [page(), page(), page()].into_iter().unzip();
        assert_eq!(statuses, [422; 3], "{login}");
        assert!(pages.iter().all(|page| page.contains("用户名或密码不对")), "{login}");
        assert_eq!([api().0, api().0], [401; 2], "{login}");
        let (status, told) = page();
        assert!(status == 429 && told.contains("试的次数太多"), "{login}: {told}");
        assert_eq!(api().0, 429, "{login}");
    }
}

#[test]
fn the_operator_takes_a_lost_second_factor_away_when_sure() {
    let mut house = House::set_up(Keeper::Sqlite);
    house.employ("acceptor", Role::Acceptor, None);
    house.tamper("update accounts set totp = x'00' where login = 'acceptor'");
    let ran = |args: &[&str]| house.run(&[&["user", "totp-reset"], args].concat());
    assert!(!ran(&["nobody", "--yes"]).status.success());
    let unsure = ran(&["acceptor"]);
    assert!(!unsure.status.success() && String::from_utf8_lossy(&unsure.stderr).contains("--yes"));
    assert_eq!(house.rows("select hex(totp) from accounts where login = 'acceptor'"), ["00"]);
    assert!(ran(&["acceptor", "--yes"]).status.success());
    assert_eq!(house.rows("select action from audit where action like 'totp%'"), ["totp_reset"]);
    house.serve();
    let body = json!({ "login": "acceptor", "password": PASSWORD });
    assert_eq!(house.post("/api/v1/session", None, None, &body).0, 201);
}

#[test]
fn ones_own_account_shows_where_one_is_signed_in_and_offers_a_second_factor() {
    let mut house = House::set_up(Keeper::Sqlite);
    house.employ("acceptor", Role::Acceptor, None);
    house.serve();
    let [desk, _elsewhere] = [house.sign_in("acceptor"), house.sign_in("acceptor")];
    let page = |path: &str| match house.get(path, Some(&desk)) {
        (200, page) => page.as_str().unwrap().to_owned(),
        (status, page) => panic!("{path}: {status} {page}"),
    };
    let account = page("/account");
    for words in ["登录着的设备", "未知设备", "本机", "退出其他设备", "两步验证"] {
        assert!(account.contains(words), "{words}: {account}");
    }
    let totp = page("/account/totp");
    for words in ["<svg", "<path d=\"M4,4h1v1h-1z", "手工输入这个密钥", "name=\"offer\""] {
        assert!(totp.contains(words), "{words}: {totp}");
    }
}
