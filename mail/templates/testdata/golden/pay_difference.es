-- subject --
Pague la diferencia de su cambio en Harbour & Sons
-- text --
Hola, Ada Löwe:

Hemos recibido sus artículos y 25,00 € de su valor pagan su nuevo pedido. Este cuesta más: pague la diferencia de 18,90 € antes del 31 de enero de 2026, 09:41 UTC y se lo enviaremos.

Sin este pago cancelaremos el nuevo pedido y le reembolsaremos 25,00 €.

Pedido: ord_7k2m9q4x1v8w3z6t5r0y2n4c8b
Saldo a favor: 25,00 €
Importe: 18,90 €
Fecha límite: 31 de enero de 2026, 09:41 UTC

  2 x Mug, harbour blue: 25,00 €
  1 x Notebook A5, ruled, 120 pages: 18,90 €

  Total: 43,90 €

Pagar ahora:
https://shop.example/orders/ord_7k2m9q4x1v8w3z6t5r0y2n4c8b

--
Harbour & Sons Ltd
1 Quay Street, 10115 Harbourtown

¿Alguna pregunta? Escríbanos a help@shop.example.
-- html --
<!doctype html>
<html lang="es">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="x-apple-disable-message-reformatting">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>Pague la diferencia de su cambio en Harbour &amp; Sons</title>
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
<div style="display:none;max-height:0;overflow:hidden;opacity:0">Pague 18,90 € antes del 31 de enero de 2026, 09:41 UTC.</div>
<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%" class="ground" style="background:#f4f2ed">
<tr><td align="center" class="outer" style="padding:32px 12px">
<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%" class="card" style="max-width:560px;background:#ffffff;border-radius:12px;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,'Hiragino Sans','Noto Sans CJK JP',sans-serif;text-align:left">
<tr><td style="height:4px;line-height:4px;font-size:0;background:#1f5f4a;border-radius:12px 12px 0 0">&nbsp;</td></tr>
<tr><td class="side name" style="padding:28px 36px 0;font-size:17px;line-height:24px;font-weight:700;color:#1f5f4a">Harbour &amp; Sons</td></tr>
<tr><td class="side ink" style="padding:24px 36px 0;color:#23211d"><h1 style="margin:0;font-size:25px;line-height:32px;font-weight:700">Su cambio está reservado</h1></td></tr>
<tr><td class="side ink" style="padding:16px 36px 0;font-size:16px;line-height:25px;color:#23211d">
<p style="margin:0 0 14px">Hola, Ada Löwe:</p>
<p style="margin:0 0 14px">Hemos recibido sus artículos y 25,00 € de su valor pagan su nuevo pedido. Este cuesta más: pague la diferencia de 18,90 € antes del 31 de enero de 2026, 09:41 UTC y se lo enviaremos.</p>
<p style="margin:0 0 14px">Sin este pago cancelaremos el nuevo pedido y le reembolsaremos 25,00 €.</p>
</td></tr>
<tr><td class="side" style="padding:10px 36px 6px">
<table role="presentation" cellpadding="0" cellspacing="0" border="0" class="button" style="border-collapse:separate"><tr><td style="border-radius:8px;background:#1f5f4a"><a href="https://shop.example/orders/ord_7k2m9q4x1v8w3z6t5r0y2n4c8b" style="display:inline-block;padding:13px 24px;font-size:16px;line-height:22px;font-weight:600;color:#ffffff;text-decoration:none;border-radius:8px">Pagar ahora</a></td></tr></table>
</td></tr>
<tr><td class="side" style="padding:18px 36px 0">
<table cellpadding="0" cellspacing="0" border="0" width="100%" style="font-size:14px;line-height:21px">
<tr><td class="quiet" valign="top" style="padding:3px 16px 3px 0;color:#6d685f;white-space:nowrap">Pedido</td><td class="ink" valign="top" width="100%" style="padding:3px 0;color:#23211d;word-break:break-word">ord_7k2m9q4x1v8w3z6t5r0y2n4c8b</td></tr>
<tr><td class="quiet" valign="top" style="padding:3px 16px 3px 0;color:#6d685f;white-space:nowrap">Saldo a favor</td><td class="ink" valign="top" width="100%" style="padding:3px 0;color:#23211d;word-break:break-word">25,00 €</td></tr>
<tr><td class="quiet" valign="top" style="padding:3px 16px 3px 0;color:#6d685f;white-space:nowrap">Importe</td><td class="ink" valign="top" width="100%" style="padding:3px 0;color:#23211d;word-break:break-word">18,90 €</td></tr>
<tr><td class="quiet" valign="top" style="padding:3px 16px 3px 0;color:#6d685f;white-space:nowrap">Fecha límite</td><td class="ink" valign="top" width="100%" style="padding:3px 0;color:#23211d;word-break:break-word">31 de enero de 2026, 09:41 UTC</td></tr>
</table>
</td></tr>
<tr><td class="side" style="padding:18px 36px 0">
<table cellpadding="0" cellspacing="0" border="0" width="100%" style="font-size:15px;line-height:22px">
<tr><td class="ink rule" valign="top" style="padding:11px 0;border-top:1px solid #e7e3da;color:#23211d;word-break:break-word">2 × Mug, harbour blue</td><td class="ink rule" align="right" valign="top" style="padding:11px 0 11px 16px;border-top:1px solid #e7e3da;color:#23211d;white-space:nowrap">25,00 €</td></tr>
<tr><td class="ink rule" valign="top" style="padding:11px 0;border-top:1px solid #e7e3da;color:#23211d;word-break:break-word">1 × Notebook A5, ruled, 120 pages</td><td class="ink rule" align="right" valign="top" style="padding:11px 0 11px 16px;border-top:1px solid #e7e3da;color:#23211d;white-space:nowrap">18,90 €</td></tr>
<tr><td class="ink strong" style="padding:13px 0 0;border-top:2px solid #23211d;font-weight:700;color:#23211d">Total</td><td class="ink strong" align="right" style="padding:13px 0 0 16px;border-top:2px solid #23211d;font-weight:700;color:#23211d;white-space:nowrap">43,90 €</td></tr>
</table>
</td></tr>
<tr><td class="side" style="padding:28px 36px 32px">
<table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%"><tr><td class="quiet rule" style="padding-top:18px;border-top:1px solid #e7e3da;font-size:13px;line-height:20px;color:#6d685f">
<p style="margin:0 0 10px">¿Alguna pregunta? Escríbanos a <a href="mailto:help@shop.example" class="quiet" style="color:#6d685f">help@shop.example</a>.</p>
<p style="margin:0">Harbour &amp; Sons Ltd<br>1 Quay Street, 10115 Harbourtown</p>
</td></tr></table>
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
