// For every alert rule, what a server shows where the alert is to be raised, and where it is not, in the
// notation of promtool's tests: a value a minute, `0+2x10` for one that rises by 2. Written by hand, and not
// of the rules' table, so that a limit that is changed there has to be changed here too.

/** Values by series; what a rule asks of besides is 0. */
type Series = Readonly<Record<string, string>>;

export interface AlertSeries {
  raised: Series;
  silent: Series;
}

const rises = (series: string): AlertSeries => ({
  raised: { [series]: '0+1x10' },
  silent: { [series]: '7x10' },
});

const gauge = (series: string, raised: number, silent: number): AlertSeries => ({
  raised: { [series]: `${raised}x10` },
  silent: { [series]: `${silent}x10` },
});

/** So many of a hundred answers a minute take from 8 to 32 ms, the others less. */
function slowAnswers(protocol: string): AlertSeries {
  const series = (slow: number) => ({
    [`bchf_${protocol}_latency_seconds_bucket{le="0.008"}`]: `0+${100 - slow}x10`,
    [`bchf_${protocol}_latency_seconds_bucket{le="0.032"}`]: '0+100x10',
    [`bchf_${protocol}_latency_seconds_bucket{le="+Inf"}`]: '0+100x10',
  });
  return { raised: series(2), silent: series(1) };
}

/** So many failures a minute beside so many right answers. */
function failedAnswers(protocol: string, status: number): AlertSeries {
  const series = (failed: number, right: number) => ({
    [`bchf_${protocol}_answered_${status}_total`]: `0+${failed}x10`,
    [`bchf_${protocol}_answered_200_total`]: `0+${right}x10`,
  });
  return { raised: series(2, 98), silent: series(1, 99) };
}

export const ALERT_SERIES: Readonly<Record<string, AlertSeries>> = {
  BchfDown: gauge('up', 0, 1),
  BchfNotServing: gauge('bchf_workers', 0, 1),
  BchfThreadDied: rises('bchf_worker_deaths_total'),
  BchfIndexBehind: gauge('bchf_index_lag_milliseconds', 5001, 5000),
  BchfIndexFarBehind: gauge('bchf_index_lag_milliseconds', 60_001, 60_000),
  BchfHttpFails: failedAnswers('http', 503),
  BchfSbiFails: failedAnswers('sbi', 504),
  BchfPacketsDropped: rises('bchf_enum_udp_send_errors_total'),
  BchfSendersLimited: {
    raised: {
      bchf_enum_limited_dropped_total: '0+6x10',
      bchf_enum_udp_received_datagrams_total: '0+100x10',
    },
    silent: {
      bchf_enum_limited_dropped_total: '0+5x10',
      bchf_enum_udp_received_datagrams_total: '0+100x10',
    },
  },
  BchfBatchSlow: slowAnswers('batch'),
  BchfEnumSlow: slowAnswers('enum'),
  BchfPdbSlow: slowAnswers('pdb'),
  BchfHttpSlow: slowAnswers('http'),
  BchfSnapshotRefused: rises('bchf_snapshot_refusals_total'),
  BchfTokenGuessed: {
    raised: { bchf_admin_wrong_tokens_total: '0+2x10' },
    silent: { bchf_admin_wrong_tokens_total: '0+0.5x10' },
  },
  BchfSnapshotNotWritten: rises('bchf_snapshot_write_failures_total'),
  BchfIndexNearlyFull: gauge('bchf_index_fill_ratio{identity="msisdn"}', 0.91, 0.9),
  BchfMainThreadBusy: gauge('nodejs_eventloop_lag_p99_seconds', 0.51, 0.5),
  BchfHttpStandIn: gauge('bchf_http_native', 0, 1),
  BchfNodeHalted: gauge('bchf_node_halted', 1, 0),
  BchfNodeAlone: gauge('bchf_node_peers', 0, 1),
  BchfNodeBehind: {
    raised: { bchf_node_newest_height: '111x10', bchf_node_height: '100x10' },
    silent: { bchf_node_newest_height: '110x10', bchf_node_height: '100x10' },
  },
  BchfChainConflict: rises('bchf_node_blocks_conflicting_total'),
  BchfPeersMisbehave: rises('bchf_node_blocks_forged_total'),
};
