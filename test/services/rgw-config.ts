export interface ClusterLayout {
  /** Everything of the cluster lies here. */
  dir: string
  fsid: string
  monPort: number
  rgwPort: number
}

/** ceph.conf of one monitor, one OSD in memory and one S3 gateway, on loopback, without auth. */
export function cephConfig({ dir, fsid, monPort, rgwPort }: ClusterLayout): string {
  return `
[global]
fsid = ${fsid}
mon initial members = a
mon host = [v1:127.0.0.1:${monPort}/0]
public addr = 127.0.0.1
ms bind msgr2 = false
ms bind ipv6 = false
auth cluster required = none
auth service required = none
auth client required = none
run dir = ${dir}/run
log file = ${dir}/log/$name.log
admin socket = ${dir}/run/$name.asok
pid file = ${dir}/run/$name.pid
crash dir = ${dir}/run
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon data avail crit = 1
mon data avail warn = 1
# Seconds off each of the many small steps of a start.
paxos propose interval = 0.02
paxos min wait = 0.01
# Else an OSD that comes up moves itself in the crush map and some starts never settle.
osd crush update on start = false
osd class update on start = false
debug ms = 0/0

[mon.a]
mon addr = 127.0.0.1:${monPort}
mon data = ${dir}/mon

[osd.0]
osd data = ${dir}/osd
osd objectstore = memstore
memstore device bytes = 8589934592
osd memory target = 1073741824

[client.rgw]
# Without tcp_nodelay a small GET takes 44 ms.
rgw frontends = beast endpoint=127.0.0.1:${rgwPort} tcp_nodelay=1
rgw thread pool size = 64
rgw enable usage log = false
rgw enable lc threads = false
rgw run sync thread = false
rgw dns name = localhost
admin socket =
debug rgw = 0/0
`
}
