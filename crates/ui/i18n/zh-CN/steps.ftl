steps-title = 现在可以做
steps-none = 这个案件目前没有您岗位要做的事。
steps-refused = 不能做的 { $n } 项，为什么
step-done = 已完成：{ $step }
step-unit = 派给
step-missing-unit = 请选择一个单位
step-missing-class = 请选择类别和立案条件
step-missing-asking = 请选延期或挂账，并填写时长或日期
step-missing-answer = 请先选一个答案
reason-needs-note = { $reason }（须写说明）

note-words = 说明
note-words-hint = 同事能看到，反映人看不到。
note-reply = 给反映人的答复
note-reply-hint = 反映人会原样看到。说清做了什么、什么时候做的。
note-forced-hint = 反映人会原样看到。说清为什么现在解决不了。
note-remark = 备注
note-remark-hint = 只有经办的同事能看到。
note-refuse = 说明
note-refuse-hint = 说清该找谁、怎么找。

verify-question = 现场是这样吗？
verify-yes = 属实
verify-no = 不属实

file-search = 查类别
file-search-hint = 输入几个字，如：井盖、垃圾、路灯
file-condition = 类别与立案条件
file-none-yet = 先在上面输入几个字，选出类别和立案条件。
file-none-found = 没有找到“{ $typed }”，换个说法试试。
file-more = 还有 { $n } 个类别，多写几个字可以缩小范围。

dispatch-lead = 牵头单位
dispatch-no-proposal = 没有建议的单位，请从列表里选。
dispatch-other = 派给其他单位
dispatch-as-proposed = 按上面选的
dispatch-assisting = 加协办单位
dispatch-assisting-no = 协办单位 { $n }
dispatch-assisting-hours = 协办时限（小时）
dispatch-assisting-hours-hint = 不填就与牵头单位相同。

check-question = 问题解决了吗？
check-yes = 通过
check-no = 不通过，返工
check-reason = 不通过的理由

close-conditions = 结案条件，逐条确认

ask-what = 申请什么
ask-extension = 延期
ask-hours = 再要几小时（最多 { $most }）
ask-suspension = 挂账
ask-until = 挂账到（最多 { $most } 天）
answer-yes = 同意
answer-no = 不同意

show-what = 文字和照片
show-hint = 请先看清楚：没有人脸、车牌、姓名和电话。公开以后，谁都看得到。
show-words = 上报的文字和所写地址
show-photos = { $n } 张照片
show-state-unseen = 还没有人看过，没有公开
show-state-public = 已公开
show-state-instead = 已公开处理过的一张
show-state-version = 由另一张照片处理而来，代替它公开
show-state-withheld = 不公开：{ $reason }

blur-open = 遮住人脸和车牌
blur-title = 用方框盖住每一张人脸、每一块车牌
blur-hint = 公开的那一张里，盖住的内容无法还原；同事看到的仍是原来的照片。
blur-undo = 撤销上一个方框
blur-use = 公开这一张
blur-cancel = 取消
blur-kept = 将公开处理过的这一张
