report-title = 上报问题
report-emergency = 有人受伤、着火，或危险正在发生，请先拨打{ $numbers ->
    [none] 急救和报警电话
   *[other] {" "}{ $numbers }
}。
report-what = 看到了什么
report-words = 说一句话
report-words-hint = 例如：小区门口的路灯三天没亮了，晚上看不清台阶。
report-where = 在哪里
report-more = 还想补充
report-class = 属于哪一类
report-class-hint = 不确定就不用选，我们来归类。
report-class-none = 不确定
report-contact = 留下联系方式
report-contact-hint = 只有需要问您时才会用，谁看过都有记录，您查进展时能看到。一年后自动删除。
report-confidential = 为我保密
report-confidential-hint = 处理这件事的单位不会知道是谁反映的，照片也不公开。
report-send = 提交
report-sending = 正在提交…
report-after = 提交后您会得到编号和查询码，凭它查进展、评价、删除信息。

photos-add = 拍照或选照片
photos-limit = 最多 { $most } 张，JPEG、PNG 或 WebP。照片里的位置信息会被去掉。
photos-kept = 照片 { $no }
photos-uploading = 正在上传
photos-arrived = 已收到
photos-failed = 没有传上去，点照片再试一次
photos-waiting = 此刻发送的人多，这张照片稍后自动重传
photos-drop = 去掉这张照片

place-here = 用我现在的位置
place-map = 在地图上选
place-map-label = 地图：点一下选择地点，方向键移动
place-found = 已选定：{ $area }
place-outside = 这里不在网格范围内，也可以提交，我们会人工定位。
place-denied = 拿不到位置，请写地址或从列表里选。
place-finding = 正在定位…
place-address = 地址或附近的标志
place-address-hint = 例如：建设路 18 号，邮局对面
place-part = 编码牌上的编码
place-part-hint = 灯杆、井盖、垃圾箱等设施编码牌上的数字，填了就不用再写地址
place-area = 从列表选区域
place-area-next = 列出下一级
place-lon = 经度
place-lat = 纬度

contact-name = 称呼
contact-phone = 电话
contact-email = 邮箱

receipt-title = 收到了
receipt-what = 您的反映已经保存好，不会丢失。
receipt-number = 案件编号
receipt-code = 查询码
receipt-keep = 请拍照、复制或打印留存。查询码只有您知道，我们不会再发。
receipt-copy = 复制
receipt-copied = 已复制
receipt-print = 打印
receipt-next = 接下来
receipt-next-accept = 受理员查看，需要时派人到现场核实
receipt-next-due = 最晚 { $at }
receipt-next-place = 我们先确定它在哪个网格
receipt-next-handle = 立案后派给责任单位，在时限内处置，由另外的人核查
receipt-next-ask = 办完后请您回来说一声：解决了没有
receipt-status = 查看进展
receipt-again = 再报一个问题
