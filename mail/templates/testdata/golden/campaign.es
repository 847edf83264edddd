-- subject --
Spring has come to Harbour & Sons
-- text --
Hello Ada Löwe,

The harbour thaws and so do our prices: until Sunday everything blue costs ten per cent less.

Your code is SPRING-ADA.

Look around:
https://shop.example/blue

--
Harbour & Sons Ltd
1 Quay Street, 10115 Harbourtown

Any questions? Write to help@shop.example.

You are receiving this email because you have shopped at Harbour & Sons or signed up there.
Unsubscribe: https://shop.example/unsubscribe?token=sample
-- html --
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="x-apple-disable-message-reformatting">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>Spring has come to Harbour &amp; Sons</title>
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
a { color: inherit; }
@media (max-width: 480px) {
.side { padding-left: 20px !important; padding-right: 20px !important; }
.outer { padding: 0 !important; }
.card { border-radius: 0 !important; }
.button { width: 100% !important; }
.button a { display: block !important; text-align: center !important; }
}
@media (prefers-color-scheme: dark) {
.ground { background: #171614 !important; }
.card { background: #23211e !important; }
.ink { color: #efece6 !important; }
.quiet { color: #aaa59b !important; }
.rule { border-color: #3b3833 !important; }
.strong { border-color: #efece6 !important; }
.name { color: #efece6 !important; }
}
[data-ogsc] .ink, [data-ogsc] .name { color: #efece6 !important; }
[data-ogsc] .quiet { color: #aaa59b !important; }
</style>
</head>
<body class="ground" style="margin:0;padding:0;background:#f4f2ed;-webkit-text-size-adjust:100%">
<div style="display:none;max-height:0;overflow:hidden;opacity:0">Ten per cent on everything blue.</div>
<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%" class="ground" style="background:#f4f2ed">
<tr><td align="center" class="outer" style="padding:32px 12px">
<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%" class="card" style="max-width:560px;background:#ffffff;border-radius:12px;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,'Hiragino Sans','Noto Sans CJK JP',sans-serif;text-align:left">
<tr><td style="height:4px;line-height:4px;font-size:0;background:#1f5f4a;border-radius:12px 12px 0 0">&nbsp;</td></tr>
<tr><td class="side name" style="padding:28px 36px 0;font-size:17px;line-height:24px;font-weight:700;color:#1f5f4a">Harbour &amp; Sons</td></tr>
<tr><td class="side ink" style="padding:24px 36px 0;color:#23211d"><h1 style="margin:0;font-size:25px;line-height:32px;font-weight:700">Everything blue, for less</h1></td></tr>
<tr><td class="side ink" style="padding:16px 36px 0;font-size:16px;line-height:25px;color:#23211d">
<p style="margin:0 0 14px">Hello Ada Löwe,</p>
<p style="margin:0 0 14px">The harbour thaws and so do our prices: until Sunday everything blue costs ten per cent less.</p>
<p style="margin:0 0 14px">Your code is SPRING-ADA.</p>
</td></tr>
<tr><td class="side" style="padding:10px 36px 6px">
<table role="presentation" cellpadding="0" cellspacing="0" border="0" class="button" style="border-collapse:separate"><tr><td style="border-radius:8px;background:#1f5f4a"><a href="https://shop.example/blue" style="display:inline-block;padding:13px 24px;font-size:16px;line-height:22px;font-weight:600;color:#ffffff;text-decoration:none;border-radius:8px">Look around</a></td></tr></table>
</td></tr>
<tr><td class="side" style="padding:28px 36px 32px">
<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%"><tr><td class="quiet rule" style="padding-top:18px;border-top:1px solid #e7e3da;font-size:13px;line-height:20px;color:#6d685f">
<p style="margin:0 0 10px">Any questions? Write to <a href="mailto:help@shop.example" class="quiet" style="color:#6d685f">help@shop.example</a>.</p>
<p style="margin:0 0 10px">You are receiving this email because you have shopped at Harbour &amp; Sons or signed up there. <a href="https://shop.example/unsubscribe?token=sample" class="quiet" style="color:#6d685f">Unsubscribe</a></p>
<p style="margin:0">Harbour &amp; Sons Ltd<br>1 Quay Street, 10115 Harbourtown</p>
</td></tr></table>
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
