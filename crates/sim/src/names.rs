//! Names a made-up city gives to its places, units and people. All invented; none is a real division's.
//!
//! Data only; [`crate::town`] hands them out.

/// A name in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    pub zh: &'static str,
    pub en: &'static str,
}

const fn name(zh: &'static str, en: &'static str) -> Name {
    Name { zh, en }
}

pub const CITY: Name = name("云澜市", "Yunlan");
pub const COUNTIES: [Name; 2] = [name("望潮区", "Wangchao"), name("听澜区", "Tinglan")];

/// The stem of a street's name, also its slug in unit codes.
pub const STREETS: [Name; 12] = [
    name("柳堤", "Liudi"),
    name("桂坊", "Guifang"),
    name("钟台", "Zhongtai"),
    name("南埠", "Nanbu"),
    name("云港", "Yungang"),
    name("松塘", "Songtang"),
    name("澜湖", "Lanhu"),
    name("荷汀", "Heting"),
    name("竹坞", "Zhuwu"),
    name("麦岭", "Mailing"),
    name("青垄", "Qinglong"),
    name("沙屿", "Shayu"),
];

/// First part of a community's name; one a street.
pub const COMMUNITY_HEADS: [Name; 12] = [
    name("柳", "Liu"),
    name("桂", "Gui"),
    name("钟", "Zhong"),
    name("榆", "Yu"),
    name("云", "Yun"),
    name("松", "Song"),
    name("兰", "Lan"),
    name("荷", "He"),
    name("竹", "Zhu"),
    name("麦", "Mai"),
    name("青", "Qing"),
    name("沙", "Sha"),
];

/// Second part of a community's name.
pub const COMMUNITY_TAILS: [Name; 10] = [
    name("园", "Garden"),
    name("苑", "Court"),
    name("坊", "Square"),
    name("里", "Lane"),
    name("湾", "Bay"),
    name("桥", "Bridge"),
    name("岸", "Shore"),
    name("堂", "Hall"),
    name("亭", "Pavilion"),
    name("坡", "Slope"),
];

pub const ROADS: [&str; 48] = [
    "人民路",
    "解放路",
    "建设大街",
    "和平路",
    "文昌路",
    "府前街",
    "滨河路",
    "学院路",
    "迎宾大道",
    "望海路",
    "兴业街",
    "长宁路",
    "新华路",
    "公园路",
    "体育场路",
    "钟楼街",
    "东风路",
    "西园路",
    "南湖路",
    "北苑街",
    "光明路",
    "友谊路",
    "青年路",
    "胜利街",
    "幸福巷",
    "永安路",
    "桃源路",
    "梅园路",
    "银杏大道",
    "梧桐巷",
    "丁香路",
    "海棠街",
    "石板巷",
    "打铁巷",
    "染坊巷",
    "粮库路",
    "码头路",
    "灯塔路",
    "渔港路",
    "盐仓街",
    "机械厂路",
    "纺织路",
    "师范路",
    "环城东路",
    "环城西路",
    "产业大道",
    "创新路",
    "站前路",
];

pub const ESTATES: [&str; 40] = [
    "锦绣家园",
    "翠湖花园",
    "阳光小区",
    "和顺里",
    "金桂苑",
    "听涛公寓",
    "老机床厂宿舍",
    "纺织厂家属院",
    "福满园",
    "书香名邸",
    "水岸新城",
    "北斗小区",
    "康乐新村",
    "教师新村",
    "盐业公司宿舍",
    "海韵花园",
    "紫荆苑",
    "观澜华庭",
    "丽景湾",
    "东篱小区",
    "安居苑",
    "新世纪花园",
    "明珠公寓",
    "柳浪小区",
    "枫林里",
    "学府雅居",
    "渔业新村",
    "铁路小区",
    "供销社家属楼",
    "天和家园",
    "春晓苑",
    "秋实里",
    "凤栖园",
    "月湖小区",
    "百合花园",
    "长青里",
    "惠民小区",
    "城建宿舍",
    "星河湾公寓",
    "麦香苑",
];

pub const LANDMARKS: [&str; 30] = [
    "菜市场门口",
    "小学后门",
    "公交站旁边",
    "幼儿园对面",
    "便利店门前",
    "邮政所旁边",
    "药店门口",
    "社区卫生站旁边",
    "小广场",
    "桥头",
    "加油站对面",
    "老年大学门口",
    "银行门口",
    "早点摊旁边",
    "快递柜那里",
    "中学西墙外",
    "停车场入口",
    "河边步道",
    "地下通道口",
    "十字路口东北角",
    "丁字路口",
    "自行车棚旁边",
    "变电箱旁边",
    "垃圾房旁边",
    "单元楼门口",
    "篮球场旁边",
    "健身器材那里",
    "配电房后面",
    "超市后门",
    "理发店门口",
];

pub const SURNAMES: [&str; 60] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马",
    "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹", "袁", "邓", "许", "傅", "沈", "曾",
    "彭", "吕", "苏", "卢", "蒋", "蔡", "贾", "丁", "魏", "薛", "叶", "阎", "余", "潘", "杜", "戴", "夏", "钟", "汪",
    "田", "任", "姜",
];

pub const GIVEN: [&str; 64] = [
    "建国", "秀英", "志强", "桂兰", "海燕", "立新", "晓东", "丽华", "文斌", "春梅", "国栋", "玉珍", "俊杰", "雪琴",
    "永刚", "红霞", "明远", "淑芬", "振华", "慧敏", "少平", "月娥", "家辉", "晓琳", "德胜", "凤英", "宏伟", "素云",
    "学军", "小满", "子轩", "雨桐", "浩然", "思源", "一鸣", "佳怡", "天成", "静怡", "致远", "若兰", "守信", "巧玲",
    "卫东", "瑞雪", "启航", "云舟", "长河", "青禾", "知行", "望舒", "嘉禾", "景行", "思齐", "怀瑾", "安然", "平川",
    "清泉", "南星", "半夏", "木兰", "松年", "鹤鸣", "书远", "念慈",
];

/// A sort of unit each county has: kind, slug, name after the county's.
pub const COUNTY_UNITS: [(&str, &str, Name); 27] = [
    ("municipal_works", "works", name("市政设施养护中心", "Municipal Works")),
    ("sanitation", "sanitation", name("环境卫生中心", "Sanitation")),
    ("parks_greening", "parks", name("园林绿化中心", "Parks and Greening")),
    ("drainage", "drainage", name("排水管理站", "Drainage")),
    ("water_utility", "water", name("供水营业所", "Water Supply")),
    ("power_company", "power", name("供电所", "Power Supply")),
    ("heat_gas_utility", "gas", name("热力燃气营业所", "Heating and Gas")),
    ("telecom_operators", "telecom", name("通信线路维护站", "Telecom Lines")),
    ("asset_owner", "assets", name("公共资产经营公司", "Public Assets")),
    ("city_order_office", "order", name("市容秩序科", "City Order Office")),
    ("city_enforcement_team", "team", name("城市管理执法大队", "City-management Team")),
    ("river_water_authority", "rivers", name("河道管理所", "Rivers")),
    ("traffic_police", "traffic", name("交警大队", "Traffic Police")),
    ("police", "police", name("公安分局治安大队", "Police")),
    ("fire_rescue", "fire", name("消防救援大队", "Fire and Rescue")),
    ("health_authority", "health", name("卫生监督所", "Health Inspection")),
    ("construction_authority", "construction", name("住房和城乡建设局", "Construction Authority")),
    ("environment_authority", "environment", name("生态环境分局", "Environment")),
    ("construction_waste", "waste", name("建筑垃圾管理站", "Construction Waste")),
    ("bus_company", "bus", name("公交场站公司", "Bus Company")),
    ("press_post", "post", name("邮政支局", "Post")),
    ("fuel_supply", "fuel", name("成品油供应站", "Fuel Supply")),
    ("place_name_office", "names", name("地名办公室", "Place Names")),
    ("property_manager", "property", name("物业联合服务中心", "Property Services")),
    ("user_manager", "venues", name("公共场所管理站", "Public Venues")),
    ("platform_centre", "platform", name("运行管理平台运维组", "Platform Operations")),
    ("contractor", "contractor", name("道路养护公司", "Road Maintenance Company")),
];

/// Whom a dedicated grid belongs to: kind, name after the community's.
pub const HOSTS: [(&str, Name); 6] = [
    ("school", name("小学", "Primary School")),
    ("market_operator", name("农贸市场", "Market")),
    ("hospital", name("医院", "Hospital")),
    ("enterprise", name("产业园", "Industrial Park")),
    ("school", name("中学", "Secondary School")),
    ("user_manager", name("公园", "Park")),
];
