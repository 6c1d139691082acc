"""How the pages look. One sheet, no fonts or pictures from elsewhere: the pages work offline."""

from __future__ import annotations

CSS = """
:root { --ink: #213343; --soft: #5b7083; --line: #dfe5ec; --back: #f3f6f9; --card: #fff;
  --accent: #0a6c74; --tint: #e3f3f4; --badge: #fff3dc; --badge-ink: #7a4b00; color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
header { background: #1e2f3d; color: #fff; }
header > div, main, footer { max-width: 1440px; margin: 0 auto; padding: 14px 24px; }
header > div { display: flex; align-items: center; gap: 12px; }
header strong { font-size: 16px; }
header a { color: #fff; }
.note { margin-left: auto; color: #b8c8d6; font-size: 13px; }
.pill { display: inline-block; padding: 1px 9px; border-radius: 999px; font-size: 12px;
  background: var(--badge); color: var(--badge-ink); white-space: nowrap; }
header .pill { background: #ffd37a; }
h1 .pill { font-weight: 500; vertical-align: middle; }
h1 { font-size: 22px; line-height: 1.25; margin: 14px 0 2px; overflow-wrap: anywhere; }
.sub { color: var(--soft); margin: 0 0 16px; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-size: 12px; color: var(--soft); font-weight: 600; vertical-align: bottom; }
th, td { padding: 9px 12px; border-bottom: 1px solid var(--line); }
td { vertical-align: top; }
tbody tr:last-child td { border-bottom: 0; }
tbody tr:hover { background: #f8fafc; }
td { max-width: 280px; min-width: 84px; overflow-wrap: break-word; }
td.time { white-space: nowrap; color: var(--soft); font-size: 12.5px; }
.who { display: flex; gap: 10px; min-width: 236px; }
.face { flex: none; width: 32px; height: 32px; border-radius: 50%; background: var(--tint);
  color: var(--accent); font-weight: 600; font-size: 12px; display: grid; place-items: center; }
.who a { font-weight: 600; }
.who div div { overflow-wrap: anywhere; }
.who div div, .dim { color: var(--soft); font-size: 12.5px; }
.empty { padding: 48px 24px; text-align: center; color: var(--soft); }
.person { display: flex; align-items: center; gap: 16px; margin: 14px 0 20px; }
.person .face { width: 56px; height: 56px; font-size: 19px; }
.person h1 { margin: 0; }
.person .sub { margin: 0; }
.columns { display: grid; grid-template-columns: 1fr 1fr; gap: 18px; align-items: start; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin-bottom: 18px;
  overflow: hidden; }
.card h2 { font-size: 14px; margin: 0; padding: 11px 16px; border-bottom: 1px solid var(--line); }
.card.accent { border-color: #a9d5d8; }
.card.accent h2 { background: var(--tint); color: var(--accent); border-color: #cfe8ea; }
dl { margin: 0; padding: 4px 16px 10px; }
dl > div { display: grid; grid-template-columns: 42% 1fr; gap: 12px; padding: 8px 0;
  border-bottom: 1px solid #eef2f6; }
dl > div:last-child { border-bottom: 0; }
dt { color: var(--soft); }
dt code { display: block; font-size: 11px; color: #8a9bab; overflow-wrap: anywhere; }
dd { margin: 0; overflow-wrap: anywhere; }
dd .dim { display: block; }
ol.history { list-style: none; margin: 0; padding: 6px 16px 12px; }
ol.history li { padding: 8px 0 8px 14px; border-left: 2px solid var(--line); overflow-wrap: anywhere; }
footer { color: var(--soft); font-size: 12.5px; padding-bottom: 32px; }
footer code { font-size: 12px; }
@media (max-width: 820px) { .columns { grid-template-columns: 1fr; } header > div { flex-wrap: wrap; }
  .note { margin-left: 0; } }
"""
