import Digests

/// What makes the page look and filter: constants, so that the page's policy can name them by their digests.
enum HTMLStyle {
    /// Allows this very style sheet and script, and nothing else: no request leaves the page, whatever a key holds.
    static var policy: String {
        "default-src 'none'; style-src '\(digest(sheet))'; script-src '\(digest(script))'; base-uri 'none'; "
            + "form-action 'none'"
    }

    private static func digest(_ text: String) -> String {
        "sha256-\(SHA256Hasher.digest(Array(text.utf8)).base64)"
    }

    /// Every pair of text and ground below has a contrast of at least 4.5 in both themes.
    static let sheet = """
        :root{color-scheme:light dark;--ground:#f6f6f4;--card:#fff;--ink:#1c2024;--soft:#5a626b;--line:#e2e3df;
        --good:#17653a;--good-ground:#e3f2e8;--bad:#a3241b;--bad-ground:#fbe8e6;--doubt:#744e00;--doubt-ground:#faeed3;
        --other:#27508c;--other-ground:#e5eef9;--focus:#27508c}
        @media(prefers-color-scheme:dark){:root{--ground:#14171a;--card:#1c2024;--ink:#e7e9eb;--soft:#a3abb4;--line:#30363c;
        --good:#7fd6a2;--good-ground:#173325;--bad:#ff9d93;--bad-ground:#3f1f1d;--doubt:#f0c468;--doubt-ground:#3a2e12;
        --other:#9dc3f7;--other-ground:#1d2f49;--focus:#9dc3f7}}
        *{box-sizing:border-box}
        [hidden]{display:none!important}
        html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
        body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
        main,footer{max-width:68rem;margin:0 auto;padding:0 1.25rem}
        code,.mono,pre{font:0.875em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
        h1{font-size:1.5rem;line-height:1.3;margin:0;font-weight:650;text-wrap:balance}
        h2{font-size:1.125rem;margin:2.5rem 0 .75rem;font-weight:650}
        p{margin:.25rem 0}
        .soft{color:var(--soft)}
        .verdict{display:flex;gap:1.125rem;align-items:center;margin:2rem 0 1rem;padding:1.5rem;border-radius:14px;background:var(--card);border:1px solid var(--line);border-left:6px solid}
        .verdict.good{border-left-color:var(--good)}.verdict.bad{border-left-color:var(--bad)}.verdict.doubt{border-left-color:var(--doubt)}
        .mark{flex:none;width:3rem;height:3rem;border-radius:50%;display:grid;place-items:center;font-size:1.5rem;font-weight:700;line-height:1}
        .good .mark{color:var(--good);background:var(--good-ground)}.bad .mark{color:var(--bad);background:var(--bad-ground)}.doubt .mark{color:var(--doubt);background:var(--doubt-ground)}
        .verdict>div{min-width:0}
        .counts{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.625rem;margin:0;padding:0;list-style:none}
        .counts li{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.75rem}
        .counts b{display:block;font-size:1.375rem;line-height:1.25;font-weight:650;font-variant-numeric:tabular-nums}
        .counts li:not(.zero) b.good{color:var(--good)}.counts li:not(.zero) b.bad{color:var(--bad)}.counts li:not(.zero) b.doubt{color:var(--doubt)}.counts li:not(.zero) b.other{color:var(--other)}
        .counts .zero b{color:var(--soft);font-weight:400}
        .counts span{color:var(--soft);font-size:.8125rem}
        .card{background:var(--card);border:1px solid var(--line);border-radius:12px;overflow:hidden}
        table{width:100%;border-collapse:collapse}
        th,td{text-align:left;vertical-align:top;padding:.625rem .875rem}
        thead th{font-size:.8125rem;font-weight:600;color:var(--soft);border-bottom:1px solid var(--line)}
        tbody tr+tr>*{border-top:1px solid var(--line)}
        tbody th{font-weight:600}
        .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        .chip{display:inline-block;padding:.0625rem .5rem;border-radius:999px;font-size:.8125rem;font-weight:600;white-space:nowrap}
        .chip.good{color:var(--good);background:var(--good-ground)}.chip.bad{color:var(--bad);background:var(--bad-ground)}.chip.doubt{color:var(--doubt);background:var(--doubt-ground)}.chip.other{color:var(--other);background:var(--other-ground)}
        td .reason{display:block;color:var(--soft);font-size:.875rem;margin-top:.125rem}
        tbody th .soft{font-weight:400}
        .key{white-space:pre-wrap;font-weight:600}
        .escape{color:var(--bad);background:var(--bad-ground);border-radius:3px;padding:0 .125rem}
        .places th:first-child{width:17rem}
        .findings td:first-child{width:9.5rem}.findings td:last-child{width:14rem}
        .packages{table-layout:fixed}.packages th:first-child,.packages th:last-child{width:26%}
        .whole{white-space:nowrap}
        details{margin-top:.25rem}summary{cursor:pointer;color:var(--soft);font-size:.875rem;width:fit-content}
        .facts{margin:.5rem 0 .25rem;padding:0;list-style:none;display:grid;gap:.5rem}
        .facts li{padding-left:.75rem;border-left:3px solid var(--line)}
        .facts .fault{border-left-color:var(--bad)}
        .filter{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center;margin:0 0 .75rem}
        .filter input[type=search]{flex:1 1 14rem;min-width:0;font:inherit;color:inherit;background:var(--card);border:1px solid var(--soft);border-radius:8px;padding:.375rem .75rem}
        .filter input::placeholder{color:var(--soft);opacity:1}
        .filter label{display:inline-flex;gap:.375rem;align-items:center;padding:.25rem .625rem;min-height:2.25rem;border:1px solid var(--line);border-radius:8px;background:var(--card);font-size:.875rem;cursor:pointer}
        .filter label:has(:checked){border-color:var(--soft)}
        :focus-visible{outline:2px solid var(--focus);outline-offset:2px}
        .note{border-left:4px solid var(--other);background:var(--other-ground);border-radius:8px;padding:.625rem .875rem;margin:.75rem 0}
        pre{margin:0;padding:.875rem;white-space:pre-wrap}
        pre+pre{border-top:1px solid var(--line)}
        ul.problems{margin:.25rem 0 0;padding-left:1.125rem}
        footer{color:var(--soft);font-size:.875rem;padding-top:2.5rem;padding-bottom:2.5rem}
        .away{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
        @media(max-width:44rem){
        main,footer{padding-left:.875rem;padding-right:.875rem}
        .verdict{margin-top:1rem;padding:1.125rem;gap:.875rem;align-items:flex-start}h1{font-size:1.25rem}.mark{width:2.5rem;height:2.5rem;font-size:1.25rem}
        .counts{grid-template-columns:repeat(3,1fr)}.counts li{padding:.5rem .625rem}.counts b{font-size:1.125rem}
        table,tbody,tr,td,tbody th{display:block;width:auto}
        thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
        tbody tr{padding:.625rem .875rem}
        tbody tr+tr{border-top:1px solid var(--line)}tbody tr+tr>*{border-top:0}
        th,td{padding:.125rem 0}
        .findings td:first-child,.findings td:last-child{width:auto}
        .places th:first-child,.packages th:first-child,.packages th:last-child{width:auto}
        td .reason{display:inline;margin:0}
        td.number{display:inline-block;text-align:left;margin-right:1.25rem}
        td[data-label]::before{content:attr(data-label) ": ";color:var(--soft);font-size:.875rem}
        td:empty{display:none}
        }
        @media print{body{background:#fff;color:#000}.filter{display:none}.card,.verdict,.counts li{border-color:#999}tr{break-inside:avoid}}
        """

    /// Shows the filter, which does nothing without it, and hides the rows that it leaves out.
    static let script = """
        (()=>{"use strict";
        const bar=document.getElementById("filter");
        if(!bar)return;
        const rows=[...document.querySelectorAll("#findings tbody tr")].map(r=>({r,s:r.dataset.state,t:r.textContent.toLowerCase()}));
        const text=bar.querySelector("input[type=search]"),boxes=[...bar.querySelectorAll("input[type=checkbox]")],told=document.getElementById("shown");
        let due=0;
        const apply=()=>{due=0;
        const on=new Set(boxes.filter(b=>b.checked).map(b=>b.value)),words=text.value.toLowerCase().split(/\\s+/).filter(Boolean);
        let n=0;
        for(const x of rows){const y=on.has(x.s)&&words.every(w=>x.t.includes(w));x.r.hidden=!y;if(y)n++}
        told.textContent=n===rows.length?"":n.toLocaleString("en")+" of "+rows.length.toLocaleString("en")+" shown"};
        const later=()=>{if(!due)due=setTimeout(apply,60)};
        text.addEventListener("input",later);
        for(const b of boxes)b.addEventListener("change",later);
        bar.hidden=false;apply()})();
        """
}
