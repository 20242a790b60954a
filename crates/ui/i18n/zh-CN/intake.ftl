intake-title = 电话受理
intake-words = 来电人说的
intake-urgent = 紧急，有危险
intake-class-none = 不确定，由值班长归类
intake-send = 登记
intake-similar = 可能是同一件事
intake-similar-hint = 边听边记，附近相似的在办案件会出现在这里。
intake-similar-none = 没有相似的在办案件。

patrol-title = 巡查上报
patrol-words = 说明
patrol-fixed = 已经自行处置
patrol-fixed-hint = 小问题当场处理好了：请附处置前、处置后的照片，会有人核查。
patrol-send = 上报
patrol-sent = 已上报，编号 { $number }。
