service-name = 格物 · 随手报
skip = 跳到正文
other-language = English
optional = （可不填）
any = 不限
none = 无
choose = 切换
choose-one = 请选择
reason = 理由
urgent = 紧急
unplaced = 未定位
state-open = 所有在办
back-home = 返回首页
form-wrong = 还差一点就能提交
foot-emergency = 有人受伤、着火或正在发生危险，请直接拨打{ $numbers ->
    [none] 急救和报警电话
   *[other] {" "}{ $numbers }
}。
foot-privacy = 我们只用您留下的信息处理这件事；您可以随时凭编号和查询码删除它。
foot-sign-in = 工作人员登录

nav-label = 主导航
nav-menu = 菜单
calendar-ends = 日历“{ $name }”的放假安排只到{ $day }；之后的时限暂按周末和法定节假日计算。新一年的安排公布后，请管理员在“数据”页发布新版日历。
nav-desk = 工作台
nav-inbox = 待办
nav-intake = 电话受理
nav-patrol = 巡查上报
nav-cases = 案件
nav-areas = 区域
nav-people = 人员
nav-data = 数据发布
nav-audit = 审计
nav-account = 我的账号
nav-sign-out = 退出
nav-post = 当前岗位
nav-post-choose = 切换岗位

pager = 翻页
pager-previous = 上一页
pager-next = 下一页

light-green = 时间充裕
light-yellow = { $left }，快到期
light-paused = 计时暂停
light-none = 不计时
light-due = 截止 { $at }

col-light = 时限
col-task = 要做的事
col-case = 问题
col-state = 状态
col-place = 地点
col-unit = 责任单位
col-source = 来源
col-reported = 上报时间
col-class = 类别

area-any = 请选择
area-whole = 整个{ $area }

role-collector = 采集员
role-collector-what = 巡查网格，核实反映的问题，核查处置结果。
role-acceptor = 受理员
role-acceptor-what = 接收居民和热线的反映，派人核实和核查。
role-duty-chief = 值班长
role-duty-chief-what = 决定立案或不予受理，核查通过后结案。
role-dispatcher = 派遣员
role-dispatcher-what = 把案件派给责任单位，批复延期和挂账。
role-handler = 处置人员
role-handler-what = 接单、处置、上传处置后的照片。
role-supervisor = 督办领导
role-supervisor-what = 查看辖区案件，催办。
role-assessor = 考核员
role-assessor-what = 查看统计，不看单个案件。
role-administrator = 系统管理员
role-administrator-what = 管理人员、岗位和城市数据，不看案件。
role-auditor = 审计员
role-auditor-what = 只看审计记录。

source-patrol = 巡查
source-resident = 居民上报
source-hotline = { $number ->
    [none] 热线
   *[other] { $number } 热线
}
source-system = 其他系统
source-sensor = 传感器
source-leader = 领导交办
source-media = 媒体反映
map-undrawn-pick = 这台设备画不出地图。请写地址，或从下面的列表选区域。
map-undrawn-point = 这台设备画不出地图，地点见上面的文字。
map-undrawn-list = 这台设备画不出地图，案件都在下面的列表里。
map-undrawn-areas = 这台设备画不出地图，区域都在列表里。

told-why = { $what }：{ $why }
