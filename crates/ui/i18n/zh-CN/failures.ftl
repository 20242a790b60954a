failure-refused = 这一步现在不能做
failure-refused-fix = 什么都没有改变。返回案件页可以看到现在能做什么。
failure-invalid = 内容有误
failure-invalid-what = 提交的内容有下面的问题，什么都没有改变。
failure-back-fix = 返回上一页，改正后再提交。
failure-not-found = 没有这个页面
failure-not-found-what = 它不存在，或者不归您查看。
failure-not-found-fix = 检查一下网址；如果是案件，请核对编号和您的岗位范围。
failure-forbidden = 您不能这样做
failure-forbidden-what = 这不属于您现在的岗位，或者表单已过期。什么都没有改变。
failure-forbidden-fix = 如果您有多个岗位，请切换后再试；否则请返回，重新打开页面。
failure-twice = 这张表单已经用过
failure-twice-what = 同一张表单提交了不同的内容，第二次没有执行。
failure-twice-fix = 重新打开页面再填一次。
failure-conflict = 别人刚刚改过
failure-conflict-what = 同一时间有同事改了它，您的这一步没有执行。
failure-conflict-fix = 返回上一页看看最新情况再决定。
failure-too-many = 试得太频繁
failure-too-many-what = 为了安全，请过 { $span }再试。
failure-too-many-fix = { $number ->
    [none] 着急的话，请打电话。
   *[other] 着急的话，请拨打 { $number }。
}
failure-unavailable = 暂时用不了
failure-unavailable-what = 系统此刻连不上存储，这一次没有保存。
failure-unavailable-fix = 请一分钟后再试。已经给过编号的反映都还在。
failure-failed = 出错了
failure-failed-what = 系统出了问题，已经记录下来。
failure-failed-fix = 请再试一次；还不行请联系系统管理员。已经给过编号的反映都还在。
failure-unreadable = 没有收全
failure-unreadable-what = 表单在路上断了，什么都没有保存。
failure-unreadable-fix = 请返回上一页再提交一次，填过的内容一般还在。
failure-too-large = 内容太大
failure-too-large-what = 照片一次最多收 { $most } MB，这次什么都没有保存。
failure-too-large-fix = 请返回上一页，少选几张照片或换成小一点的，再提交。
failure-to-desk = 回到工作台
failure-to-home = 回到首页
failure-code = 状态码 { $code }
