"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const config = {
    displaylogo: false, responsive: true, showSendToCloud: false,
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
  };
  const base = {
    margin: { l: 56, r: 12, t: 12, b: 48 }, hovermode: "closest", 
    legend: { orientation: "h", yref: "container", y: 0, yanchor: "bottom" },
    font: { family: "system-ui, sans-serif", size: 12 }, paper_bgcolor: "#fff", plot_bgcolor: "#fff",
    hoverlabel: { namelength: -1 },
  };
  const grid = { gridcolor: "#e5e9ee", zeroline: false, linecolor: "#8b95a1", automargin: true };
  const plot = (kind) => document.querySelector('.plot[data-kind="' + kind + '"]');

  function draw(kind, figure) {
    const place = plot(kind);
    const note = document.querySelector('[data-count="' + kind + '"]');
    if (!place) return;
    place.parentElement.hidden = !figure;
    if (!figure) return;
    const layout = Object.assign({}, base, {
      xaxis: Object.assign({}, grid, figure.layout.xaxis), yaxis: Object.assign({}, grid, figure.layout.yaxis),
    });
    Plotly.react(place, figure.data, layout, config);
    note.textContent = figure.instances + " instances, " + figure.pairs + " pairs of instance and seed.";
  }

  function drawPair(group, number) {
    draw("pair", group.pairs[number]);
  }

  function drawGroup(number) {
    const group = data.groups[number];
    for (const kind of ["performance", "data", "accuracy"]) draw(kind, group.profiles[kind]);
    const choice = document.getElementById("pair");
    choice.replaceChildren();
    group.pairs.forEach((figure, i) => {
      const option = document.createElement("option");
      option.value = String(i);
      option.textContent = figure.title;
      choice.append(option);
    });
    drawPair(group, 0);
  }

  function drawTrajectory(number) {
    const item = data.trajectories[number];
    const named = new Set();
    const traces = [];
    for (const run of item.runs) {
      const variant = data.variants[run.variant];
      const common = {
        type: "scatter", mode: "lines", x: run.t, legendgroup: String(run.variant), name: variant.name,
        meta: run.seed,
      };
      traces.push(Object.assign({}, common, {
        y: run.objective, showlegend: !named.has(run.variant), line: { shape: "hv", width: 2, color: variant.colour },
        hovertemplate: "plan %{y:.8g} at %{x:.4g} s, seed %{meta}<extra>%{fullData.name}</extra>",
      }));
      traces.push(Object.assign({}, common, {
        y: run.bound, showlegend: false, line: { shape: "hv", width: 1.3, color: variant.colour, dash: "dot" },
        hovertemplate: "bound %{y:.8g} at %{x:.4g} s, seed %{meta}<extra>%{fullData.name}</extra>",
      }));
      named.add(run.variant);
    }
    const shapes = item.known === null ? [] : [{
      type: "line", xref: "paper", x0: 0, x1: 1, y0: item.known, y1: item.known, line: { color: "#000", width: 1, dash: "dash" },
    }];
    const layout = Object.assign({}, base, {
      shapes: shapes,
      xaxis: Object.assign({}, grid, { title: { text: "seconds" }, rangemode: "tozero" }),
      yaxis: Object.assign({}, grid, { title: { text: "objective, bound" } }),
    });
    Plotly.react(plot("trajectory"), traces, layout, config);
    document.getElementById("trajectory-note").textContent = item.label + ": " + item.runs.length + " runs.";
  }

  function onChoice(id, act) {
    const choice = document.getElementById(id);
    if (choice) choice.addEventListener("change", () => act(Number(choice.value)));
    return choice;
  }

  const group = onChoice("group", drawGroup);
  onChoice("pair", (number) => drawPair(data.groups[Number(group.value)], number));
  if (group) drawGroup(0);
  if (onChoice("instance", drawTrajectory)) drawTrajectory(0);

  function key(cell) {
    return cell.dataset.key === undefined ? cell.textContent : Number(cell.dataset.key.replace("inf", "Infinity"));
  }

  function sort(table, column, head) {
    const rising = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentElement.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    const rows = Array.from(table.tBodies[0].rows).map((row) => [key(row.cells[column]), row]);
    rows.sort((a, b) => {
      const order = typeof a[0] === "number" && typeof b[0] === "number"
        ? (a[0] === b[0] ? 0 : a[0] < b[0] ? -1 : 1)
        : String(a[0]).localeCompare(String(b[0]), undefined, { numeric: true });
      return rising ? order : -order;
    });
    table.tBodies[0].append(...rows.map((pair) => pair[1]));
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
      head.querySelector("button").addEventListener("click", () => sort(table, column, head));
    });
  }

  window.addEventListener("beforeprint", () => {
    for (const folded of document.querySelectorAll("details")) folded.open = true;
  });
})();
