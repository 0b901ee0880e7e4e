extension InspectionPage {
  /// What the page has beyond the styles of all pages.
  static let styles = """
    .filters { position: absolute; }
    .maps {
      display: grid; gap: 1.2rem; align-items: start;
      grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr));
    }
    .maps figure { max-width: none; }
    .maps code { background: var(--grid); border-radius: 3px; padding: 0 .3em; }
    .maps .wide { grid-column: 1 / -1; }
    .maps .wide > svg { max-width: 60rem; margin: 0 auto; }
    image.coarse { image-rendering: pixelated; }
    svg .frame { fill: none; stroke: var(--frame); stroke-width: 1; vector-effect: non-scaling-stroke; }
    svg .tick { fill: var(--quiet); font-size: 11px; }
    svg .side { fill: var(--quiet); font-size: 13px; }
    .legends { display: flex; flex-wrap: wrap; gap: .4rem 2rem; margin: .6rem 0 .3rem; font-size: .85rem; }
    .scale { width: 15rem; max-width: 100%; font-variant-numeric: tabular-nums; }
    .scale b { font-weight: 500; }
    .scale div { display: flex; justify-content: space-between; color: var(--quiet); }
    .bar { display: block; height: .7rem; border: 1px solid var(--frame); }
    .used { display: block; height: 3px; margin-top: 2px; background: var(--warning); }
    .scale p { margin: 0; color: var(--quiet); }
    .key { display: inline-flex; align-items: center; gap: .4rem; }
    .chip { width: .9rem; height: .9rem; border: 1px solid var(--frame); }
    .chip.no { background: var(--binary) 0 0 / 5000% 100%; }
    .chip.yes { background: var(--binary) 100% 0 / 5000% 100%; }
    .example { display: grid; gap: 0 3rem; grid-template-columns: 1fr; }
    @media (min-width: 60rem) {
      .example { grid-template-columns: fit-content(24rem) minmax(0, 1fr); }
    }
    .example h2 { margin-top: 1.8rem; }
    .heads td, .heads th { vertical-align: middle; }
    .heads thead th { white-space: normal; vertical-align: bottom; min-width: 3.2rem; }
    .masked td, .masked th { padding-right: .7rem; white-space: nowrap; }
    .masked { min-width: 0; }
    .heads a { color: inherit; }
    .thumbnail { width: 4.5rem; height: 4.5rem; display: block; }
    .answer { margin: 0 0 .6rem; }
    .classes { min-width: 0; }
    .classes th { font-weight: 400; }
    .probability {
      display: inline-block; height: .75rem; min-width: 2px; background: var(--frame);
      border-radius: 0 2px 2px 0;
    }
    .probability.best { background: var(--curve-0); }
    .picture { image-rendering: pixelated; border: 1px solid var(--rule); display: block; }
    .tokens { max-height: 32rem; overflow: auto; border: 1px solid var(--rule); border-radius: 8px;
      background: var(--panel); padding: .4rem .8rem; }
    .tokens table { min-width: 0; border-collapse: collapse; }
    .tokens td { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .85rem;
      white-space: pre-wrap; border: 0 !important; padding: .05rem .4rem; }
    .tokens th { color: var(--quiet); font-weight: 400; font-size: .8rem; text-align: right;
      border: 0 !important; padding: .05rem .6rem .05rem 0; vertical-align: top; }
    .asked { background: var(--grid); border-radius: 2px; }
    .wrong { color: var(--warning); text-decoration: underline; text-decoration-thickness: 2px; }
    .reading ul { padding-left: 1.2rem; max-width: 60rem; }
    .reading li { margin: .4rem 0; }
    .quiet, .maps figure p { font-size: .85rem; }
    """
}
