/// The looks of the page, in light and in dark.
enum Stylesheet {
  static let text = """
    :root { \(Palette.light.variables) }
    @media (prefers-color-scheme: dark) {
      :root { \(Palette.dark.variables) }
    }
    * { box-sizing: border-box; }
    body {
      margin: 0 auto; max-width: 82rem; padding: 2rem clamp(1rem, 4vw, 3rem) 4rem;
      background: var(--ground); color: var(--ink);
      font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", "DejaVu Sans", sans-serif;
    }
    h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; letter-spacing: -.01em; }
    h2 { font-size: 1.1rem; margin: 2.6rem 0 .7rem; }
    header p { margin: 0; color: var(--quiet); }
    /* A shadow at an edge says that there is more behind it. */
    .scroll {
      overflow-x: auto;
      background:
        linear-gradient(to right, var(--ground) 40%, transparent) left / 2.5rem 100% no-repeat local,
        linear-gradient(to left, var(--ground) 40%, transparent) right / 2.5rem 100% no-repeat local,
        linear-gradient(to right, var(--shade), transparent) left / .9rem 100% no-repeat scroll,
        linear-gradient(to left, var(--shade), transparent) right / .9rem 100% no-repeat scroll;
    }
    table {
      border-collapse: separate; border-spacing: 0; font-size: .92rem; font-variant-numeric: tabular-nums;
      white-space: nowrap; min-width: 30rem;
    }
    th, td { padding: .22rem .9rem .22rem 0; text-align: left; vertical-align: baseline; }
    th + th, th + td, td + td { padding-left: .5rem; }
    th { font-weight: 600; }
    thead th {
      color: var(--quiet); font-weight: 500; border-bottom: 1px solid var(--frame);
      padding-bottom: .4rem;
    }
    tbody tr:last-child > * { border-bottom: 1px solid var(--frame); padding-bottom: .4rem; }
    tbody tr.block > * { border-top: 1px solid var(--rule); padding-top: .4rem; }
    tbody tr.block:first-child > * { border-top: 0; }
    tbody th.indented { padding-left: 1.2rem; font-weight: 400; }
    .number { text-align: right; }
    .quiet { color: var(--quiet); font-weight: 400; }
    .warning { color: var(--warning); font-weight: 600; }
    .notes { margin: .6rem 0 0; padding: 0; list-style: none; }
    .notes li, figure p { color: var(--quiet); font-size: .85rem; margin: .15rem 0; }
    .problems {
      background: var(--warning-ground); border-left: 4px solid var(--warning);
      padding: .2rem 1rem .8rem; margin-top: 1.5rem;
    }
    .problems h2 { margin-top: .8rem; }
    .problems ul { margin: 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
    .figures {
      display: grid; gap: 1.2rem;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr));
    }
    figure {
      margin: 0; padding: 1rem 1.1rem .9rem; background: var(--panel);
      border: 1px solid var(--rule); border-radius: 8px; max-width: 38rem;
    }
    figcaption { font-weight: 600; margin-bottom: .4rem; }
    figure > svg { width: 100%; height: auto; display: block; }
    figure svg text { font-family: inherit; font-variant-numeric: tabular-nums; }
    .legend {
      display: flex; flex-wrap: wrap; gap: .15rem 1.2rem; list-style: none; margin: .5rem 0 0;
      padding: 0; font-size: .88rem;
    }
    .legend li { display: flex; align-items: center; gap: .45rem; }
    .swatch { flex: none; fill: currentColor; }
    .swatch .line { stroke: currentColor; stroke-width: 2; fill: none; }
    .swatch .open { fill: var(--panel); stroke: currentColor; stroke-width: .35; }
    .s0 { color: var(--curve-0); } .s1 { color: var(--curve-1); } .s2 { color: var(--curve-2); }
    .s3 { color: var(--curve-3); } .s4 { color: var(--curve-4); } .s5 { color: var(--curve-5); }
    .s6 { color: var(--curve-6); } .s7 { color: var(--curve-7); }
    details { margin-top: 2.6rem; }
    summary { cursor: pointer; font-weight: 600; font-size: 1.1rem; }
    details h2 { display: none; }
    details section { margin-top: .7rem; }
    /* Names of rows break, and stay while the numbers move under them. */
    @media (max-width: 48rem) {
      table { font-size: .84rem; min-width: 0; }
      th, td { padding-right: .5rem; }
      th + th, th + td, td + td { padding-left: .25rem; }
      .scroll tbody th:first-child, .scroll thead th:first-child {
        position: sticky; left: 0; background: var(--ground); white-space: normal;
        min-width: 5rem;
      }
    }
    @media print { figure { break-inside: avoid; } body { padding: 0; } }
    """
}
