//! What can be asked at the command line.

use crate::settings;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum, builder::BoolishValueParser};
use gewu_web::{Jurisdiction, limits::Rate};
use std::{net::SocketAddr, path::PathBuf};

/// 格物 Gewu：网格化城市与社区服务 · grid-based city and community services.
#[derive(Debug, Parser)]
#[command(name = "gewu", version, max_term_width = 100)]
pub struct Args {
    #[command(flatten)]
    pub place: Place,
    #[command(subcommand)]
    pub command: Command,
}

/// Where everything is kept.
#[derive(Debug, Clone, ClapArgs)]
pub struct Place {
    /// 数据目录：数据库、照片、密钥 · the directory of the database, the photos and the keys.
    #[arg(long, global = true, default_value = "gewu-data", value_name = "DIR")]
    pub data: PathBuf,
    /// 用 PostgreSQL 存记录（照片和密钥仍在数据目录）· keep the record in PostgreSQL; photos and keys stay in DIR.
    #[arg(long, global = true, value_name = "postgres://…", env = "GEWU_DATABASE")]
    pub database: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// 建立一座城市：密钥、默认日历、类别、政策 · set up a city: keys, and the shipped calendars, classes and policy.
    Init,
    /// 启动服务 · serve.
    Serve(Serve),
    /// 一座会动的演示城市 · a living city to try.
    Demo(Demo),
    /// 生成任意数量的历史案件，用于测试 · make a history of any size, for tests and loads.
    Simulate(Simulate),
    /// 发布城市数据，或导入别处的案件 · publish the city's data, or take in cases from elsewhere.
    #[command(subcommand)]
    Import(Import),
    /// 检查文件，不改任何东西 · check files without changing anything.
    #[command(subcommand)]
    Check(Check),
    /// 核对整个记录：有没有一个字节被改过 · verify the record: has a single byte been altered?
    Verify(Verify),
    /// 在线备份到一个新目录 · write a backup while work goes on.
    Backup(Backup),
    /// 从备份恢复到空的数据目录 · restore a backup into an empty place.
    Restore(Restore),
    /// 账户与岗位 · accounts and posts.
    #[command(subcommand)]
    User(User),
    /// 服务器的时钟，和它封存的日子 · the server's clock, and the days it seals.
    #[command(subcommand)]
    Clock(Clock),
    /// 个人信息 · personal data.
    #[command(subcommand)]
    Person(Person),
    /// 联系方式的加密密钥 · the keys that seal contact data.
    #[command(subcommand)]
    Keys(Keys),
    /// 照片 · photos.
    #[command(subcommand)]
    Photos(Photos),
    /// API 密钥 · API keys.
    #[command(subcommand)]
    Client(Client),
    /// 打印 OpenAPI 文档 · print the OpenAPI document.
    Openapi,
}

/// What an operator chooses about the doors. What a city decides is published data instead (`gewu import data`).
#[derive(Debug, Clone, ClapArgs)]
pub struct Serve {
    /// 在哪个地址上听 · where to listen.
    #[arg(long, default_value = "127.0.0.1:8311", env = "GEWU_LISTEN", value_name = "IP:PORT")]
    pub listen: SocketAddr,
    /// 对外的网址；用 https 时所有 cookie 只走加密连接 · the address residents see, e.g. https://311.example.org; with https all
    /// cookies travel in secret only.
    #[arg(long, env = "GEWU_PUBLIC_URL", value_name = "URL", value_parser = settings::public_url)]
    pub public_url: Option<String>,
    /// Open311 的辖区，可给多个；ID=区县代码 只对应那个区县，只写 ID 是全城 · the jurisdictions of Open311; ID=REGION is one region, ID
    /// alone the whole city.
    #[arg(long = "jurisdiction", env = "GEWU_JURISDICTIONS", value_name = "ID[=REGION]", value_delimiter = ',',
        default_value = "gewu", value_parser = settings::jurisdiction)]
    pub jurisdictions: Vec<Jurisdiction>,
    /// 在 Open311 里公布反映人的原话和所写地址：有人看过并点了“公开”的才公布 · publish reporters' words and addresses in Open311, once
    /// somebody has read and shown them.
    #[arg(long, env = "GEWU_PUBLISH_DESCRIPTIONS", value_parser = BoolishValueParser::new())]
    pub publish_descriptions: bool,
    /// 告诉 Open311 客户端这是试运行 · announce the Open311 endpoint as `test`, not `production`.
    #[arg(long, env = "GEWU_TEST_ENDPOINT", value_parser = BoolishValueParser::new())]
    pub test_endpoint: bool,
    /// 接口有问题找谁，写在 Open311 的发现文档里 · whom to ask about the API; shown in the discovery of Open311.
    #[arg(long, env = "GEWU_CONTACT", value_name = "TEXT")]
    pub contact: Option<String>,
    /// 怎样申请密钥，写在同一处 · how to get an API key; shown there too.
    #[arg(long, env = "GEWU_KEY_SERVICE", value_name = "TEXT")]
    pub key_service: Option<String>,
    /// 前面有几层反向代理；每层都把它听到的地址加在 X-Forwarded-For 末尾，来访者的地址就取倒数第几个。0 就不看这个头 · how many
    /// proxies stand before the server, each of which adds whom it heard to the end of X-Forwarded-For; 0: the header is not
    /// looked at.
    #[arg(long, env = "GEWU_TRUSTED_PROXIES", value_name = "N", default_value_t = 0)]
    pub trusted_proxies: u8,
    /// 没有登录的人从同一网段、一个接口密钥读得多快：一次攒够几个/每分钟几个，off 不限 · how fast strangers of one neighbourhood, and
    /// each API key, may read: how many at once/how many more each minute, or off.
    #[arg(long, env = "GEWU_RATE_READ", value_name = "N/MINUTE", default_value = "600/1200", value_parser = settings::rate)]
    pub rate_read: Rate,
    /// 没有登录的人从同一网段写得多快：一次攒够几个/每分钟几个，off 不限 · how fast strangers of one neighbourhood may write: how many at
    /// once/how many more each minute, or off.
    #[arg(long, env = "GEWU_RATE_WRITE", value_name = "N/MINUTE", default_value = "120/60", value_parser = settings::rate)]
    pub rate_write: Rate,
    /// 同样，试着登录 · likewise, tries to sign in.
    #[arg(long, env = "GEWU_RATE_SIGN_IN", value_name = "N/MINUTE", default_value = "30/20", value_parser = settings::rate)]
    pub rate_sign_in: Rate,
    /// 同样，试查询码和密钥 · likewise, tries of receipt codes and keys.
    #[arg(long, env = "GEWU_RATE_SECRET", value_name = "N/MINUTE", default_value = "60/30", value_parser = settings::rate)]
    pub rate_secret: Rate,
    /// 同时在路上的照片和文件最多占多少兆字节磁盘；一个来源最多用九分之一，满了请对方稍后再传 · megabytes of disk for photos and files on
    /// their way in at once; one origin gets a ninth at most, and whoever finds no room is asked to come back.
    #[arg(long, env = "GEWU_BODIES_MB", value_name = "MB", default_value_t = 1_024,
        value_parser = clap::value_parser!(u32).range(256..=1_048_576))]
    pub bodies_mb: u32,
    /// 多少分钟没有操作就要重新登录 · minutes without a request after which one must sign in again.
    #[arg(long, env = "GEWU_IDLE_MINUTES", value_name = "MINUTES", default_value_t = 30,
        value_parser = clap::value_parser!(u32).range(1..=1_440))]
    pub idle_minutes: u32,
    /// 登录满多少小时一定要重新登录，不论是否一直在用 · hours after which one must sign in again, however busy one is.
    #[arg(long, env = "GEWU_SESSION_HOURS", value_name = "HOURS", default_value_t = 12,
        value_parser = clap::value_parser!(u32).range(1..=720))]
    pub session_hours: u32,
}

#[derive(Debug, ClapArgs)]
pub struct Demo {
    #[command(flatten)]
    pub serve: Serve,
    /// town：虚构的城市；nyc：真实的纽约边界与请求 · a made-up town, or real New York boundaries and requests.
    #[arg(long, value_enum, default_value_t = DemoCity::Town)]
    pub city: DemoCity,
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// 历史天数 · days of history.
    #[arg(long, default_value_t = 90)]
    pub days: u16,
    /// 历史中每天的案件数 · cases a day of its history.
    #[arg(long, default_value_t = 60)]
    pub per_day: u32,
    /// 往后每天新来的案件数，0 就不再有新的 · cases a day that come in from now on; 0 for none.
    #[arg(long, default_value_t = 2_880)]
    pub live_per_day: u32,
    /// 时钟加快的倍数 · how many times as fast the clock runs.
    #[arg(long, default_value_t = 1)]
    pub speed: i32,
}

/// Which city is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DemoCity {
    Town,
    Nyc,
}

impl DemoCity {
    pub fn code(self) -> &'static str {
        match self {
            DemoCity::Town => "town",
            DemoCity::Nyc => "nyc",
        }
    }
}

#[derive(Debug, ClapArgs)]
pub struct Simulate {
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// 案件总数，最多一千万 · how many cases, up to ten million.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub cases: u64,
    /// 历史天数 · days of history.
    #[arg(long, default_value_t = 90)]
    pub days: u16,
    /// 历史到哪一刻为止；不写就是现在。同样的种子和时刻得到同样的城市 · where the past ends, e.g.
    /// 2026-11-20T00:00:00Z; now, when not said. The same seed and end make the same city.
    #[arg(long)]
    pub until: Option<jiff::Timestamp>,
}

#[derive(Debug, Subcommand)]
pub enum Import {
    /// 发布城市数据文件 · publish the city's files; all of them valid together, or nothing changes.
    Data(ImportData),
    /// 导入别处导出的案件 · take in another system's export.
    Cases(ImportCases),
}

#[derive(Debug, ClapArgs)]
pub struct ImportData {
    /// 类型=文件，例如 areas=areas.csv · KIND=FILE, e.g. areas=areas.csv (unit_kinds, areas, shapes, units, catalogue, calendar, policy, parts).
    #[arg(required = true, value_name = "KIND=FILE")]
    pub files: Vec<String>,
    /// 边界文件的坐标系：wgs84、gcj02、bd09 或 cgcs2000；文件里写了 datum 就不用 · what the coordinates of shapes=FILE are in, unless
    /// the file says it itself.
    #[arg(long)]
    pub datum: Option<String>,
    /// 检查出的问题确实如此，照样发布 · what was found is meant so: publish all the same.
    #[arg(long)]
    pub accept: bool,
    /// 只检查，不发布 · check only.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, ClapArgs)]
pub struct ImportCases {
    /// CSV，可以是 gzip 的 · CSV, packed with gzip or not.
    pub file: PathBuf,
    /// 列的对应关系 · which column is what; see docs/import-cases.md.
    #[arg(long, value_name = "FILE.toml")]
    pub mapping: PathBuf,
    /// 未导入的行及原因写到这个文件 · where rows not taken are written, with the reason.
    #[arg(long, value_name = "FILE.csv")]
    pub rejected: Option<PathBuf>,
    /// 只检查，不导入 · check only.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub enum Check {
    /// 检查网格边界：缝隙、重叠、碎片、自相交、孔洞、代码 · check the boundaries of grids.
    Grids(CheckGrids),
}

#[derive(Debug, ClapArgs)]
pub struct CheckGrids {
    /// GeoJSON；每个图形带 code，可带 parent · GeoJSON; each feature with `code`, and `parent` where it has one.
    pub file: PathBuf,
    /// wgs84、gcj02、bd09 或 cgcs2000；不写就看文件里的 datum，都没有就是 wgs84 · else what the file's `datum` says, else wgs84.
    #[arg(long)]
    pub datum: Option<String>,
    /// 上级边界；没有 parent 属性的网格算在它所在的上级里 · the boundaries of the parents; a grid without `parent` belongs to the one it lies in.
    #[arg(long, value_name = "FILE")]
    pub parents: Option<PathBuf>,
    /// 代码方案：unit15、unit14、cjt349 或 free · the scheme of the codes.
    #[arg(long, default_value = "free")]
    pub scheme: String,
    #[arg(long)]
    pub json: bool,
    /// 把问题写成 GeoJSON · write the faults as GeoJSON.
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub struct Verify {
    /// 也核对每张照片 · check every photo too.
    #[arg(long)]
    pub photos: bool,
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, ClapArgs)]
pub struct Backup {
    /// 新目录 · a new directory.
    pub into: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub struct Restore {
    pub from: PathBuf,
    /// 只检查备份是否完整 · only check that the backup is whole.
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub enum User {
    /// 开账户；密码从标准输入读 · open an account; the password is read from standard input.
    Add {
        login: String,
        #[arg(long)]
        name: String,
        #[arg(long)]
        unit: String,
    },
    /// 给岗位 · give a post.
    Post {
        login: String,
        /// collector、acceptor、duty_chief、dispatcher、handler、supervisor、assessor、administrator、auditor
        #[arg(long)]
        role: String,
        #[arg(long)]
        unit: String,
        #[arg(long)]
        area: Option<String>,
    },
    /// 重设密码；从标准输入读 · set a new password, read from standard input.
    Password { login: String },
    /// 手机丢了、恢复码也没有了：去掉这个人的两步验证，他的会话全部结束；先确认来的是本人 · take away the second factor of somebody who
    /// lost the phone and the recovery codes; their sessions end. Make sure who asks.
    TotpReset {
        login: String,
        /// 不再询问 · do not ask.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Clock {
    /// 时钟可信吗 · is the clock believed?
    Show,
    /// 长时间停机之后，由人确认时钟是对的；记入审计 · after a long stop, say that the clock is right; the audit record keeps it.
    Accept {
        /// 不再询问 · do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// 重新打开被错误的时钟封存的一天，和它之后的各天；根会重新生成，链里永远留有这件事 · open a day again that a wrong clock sealed, and all
    /// after it; their roots are made anew, and the chain keeps a note of it for good.
    Reopen {
        /// 哪一天（UTC），例如 2026-11-02 · which day, in UTC.
        day: jiff::civil::Date,
        /// 原因；永远留在链里，不要写个人信息 · why; it stays for good, so no personal data.
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// 谁决定的，写用户名 · who decided it: an account's name.
        #[arg(long, value_name = "LOGIN")]
        by: Option<String>,
        /// 只在这个区县；不写就是全部 · only in this region; in all, when not said.
        #[arg(long, value_name = "CODE")]
        region: Option<u32>,
        /// 只说会怎样 · only say what would be done.
        #[arg(long)]
        dry_run: bool,
        /// 不再询问 · do not ask.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Person {
    /// 抹去一个人留下的文字、联系方式和照片 · erase what somebody gave: words, contacts, photos.
    Erase {
        /// 案件编号 · the number of one case.
        #[arg(long, conflicts_with_all = ["phone", "email", "login"])]
        case: Option<String>,
        /// 找出这个电话留下的一切 · everything given with this telephone number.
        #[arg(long, conflicts_with_all = ["email", "login"])]
        phone: Option<String>,
        #[arg(long, conflicts_with = "login")]
        email: Option<String>,
        /// 一名工作人员 · a member of staff.
        #[arg(long)]
        login: Option<String>,
        #[arg(long)]
        dry_run: bool,
        /// 不再询问 · do not ask.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Keys {
    /// 每把密钥还封着多少条联系方式 · how many contacts each key seals.
    List,
    /// 换一把新密钥，并用它重新封存所有联系方式；服务可以一直运行，断了用 reseal 接着做 · add a new key and seal every contact with it;
    /// the server may run meanwhile; cut short, `reseal` goes on.
    Rotate,
    /// 接着把还用旧密钥的联系方式重新封存 · go on sealing with the key in use what an old key sealed.
    Reseal,
    /// 去掉一把不再封着任何东西的旧密钥；旧备份里的联系方式要用备份自带的密钥打开 · drop an old key that seals nothing any more; backups
    /// made before hold the keys they need.
    Drop { number: u16 },
}

#[derive(Debug, Subcommand)]
pub enum Photos {
    /// 清理传上来七天还没有案件用到的照片；服务运行时每天自己做 · remove photos that no case names seven days after they were uploaded;
    /// a running server does so every day.
    Sweep {
        /// 只列出 · only list them.
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Client {
    /// 发一个密钥，只显示一次 · make a key; it is shown once.
    Add {
        name: String,
        /// report、read、admin
        #[arg(long, value_delimiter = ',', default_value = "report")]
        scopes: Vec<String>,
        /// 只在这个区域内有效；不写就是全市 · good in this area only; in the whole city, when not said.
        #[arg(long, value_name = "CODE")]
        area: Option<String>,
    },
    /// 收回 · take it back.
    Revoke {
        id: String,
    },
    List,
}
