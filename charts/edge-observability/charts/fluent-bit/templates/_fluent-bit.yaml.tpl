{{- /* Rendered by `npm run render`: do not edit, change generator/components/edge-observability/fluent-bit.ts instead. */ -}}
{{- define "fluent-bit.fluent-bit.yaml" -}}
service:
  flush: {{ $.Values.flushSeconds | toJson }}
  log_level: "info"
  http_server: "on"
  http_listen: "127.0.0.1"
  http_port: 2020
  health_check: "on"
  storage.path: "/state/buffer"
  storage.sync: "full"
  storage.checksum: "off"
  storage.delete_irrecoverable_chunks: "on"
  storage.max_chunks_up: 16
  storage.backlog.mem_limit: "8M"
  storage.metrics: "on"
  scheduler.base: 5
  scheduler.cap: 300
pipeline:
  inputs:
    - name: "tail"
      tag: "kube.*"
      path: "/var/log/containers/*.log"
      exclude_path: "/var/log/containers/fluent-bit-*_observability_*.log"
      multiline.parser: "cri"
      db: "/state/offsets.db"
      db.sync: "normal"
      db.journal_mode: "wal"
      db.locking: true
      read_from_head: true
      rotate_wait: 30
      refresh_interval: 10
      skip_long_lines: true
      buffer_max_size: "256k"
      offset_key: "log_offset"
      path_key: "log_path"
      storage.type: "filesystem"
      storage.pause_on_chunks_overlimit: "off"
  filters:
    - name: "kubernetes"
      match: "kube.*"
      kube_url: "https://${KUBERNETES_SERVICE_HOST}:${KUBERNETES_SERVICE_PORT}"
      use_kubelet: "on"
      kubelet_host: "127.0.0.1"
      kubelet_port: 10250
      buffer_size: 0
      merge_log: "off"
      k8s-logging.exclude: "on"
      annotations: "off"
    {{- if $.Values.excludePattern }}
    - name: "grep"
      match: "kube.*"
      exclude: {{ printf "log %s" $.Values.excludePattern | toJson }}
    {{- end }}
    - name: "modify"
      match: "kube.*"
      set: {{ printf "cluster %s" $.Values.cluster | toJson }}
    - name: "lua"
      match: "kube.*"
      script: "/config/identify.lua"
      call: "identify"
      time_as_table: "on"
  outputs:
    - name: "es"
      match: "kube.*"
      host: {{ $.Values.host | toJson }}
      port: {{ $.Values.port | toJson }}
      tls: "on"
      tls.verify: "on"
      tls.ca_file: {{ $.Values.authorityFile | toJson }}
      http_user: "${ELASTIC_USERNAME}"
      http_passwd: "${ELASTIC_PASSWORD}"
      logstash_format: "on"
      logstash_prefix: {{ printf "logstash-%s" $.Values.cluster | toJson }}
      time_key_nanos: "on"
      suppress_type_name: "on"
      replace_dots: "on"
      write_operation: "create"
      id_key: "$eid"
      compress: "gzip"
      buffer_size: "4M"
      trace_error: "on"
      retry_limit: "no_limits"
      workers: 1
      storage.total_limit_size: {{ printf "%sM" ($.Values.bufferMebibytes | toJson) | toJson }}
{{- end -}}
