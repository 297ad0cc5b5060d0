{{- /* Rendered by `npm run render`: do not edit, change generator/components/edge-observability/otel-agent.ts instead. */ -}}
{{- define "otel-agent.agent.yaml" -}}
extensions:
  health_check:
    endpoint: "127.0.0.1:13133"
  file_storage/traces:
    directory: "/state/traces"
    create_directory: true
    fsync: true
    recreate: true
    max_size: {{ (mul (int64 $.Values.traceQueueMebibytes) 1048576) | toJson }}
    compaction:
      on_start: false
      on_rebound: true
      directory: "/state/traces"
      cleanup_on_start: true
  file_storage/metrics:
    directory: "/state/metrics"
    create_directory: true
    fsync: true
    recreate: true
    max_size: {{ (mul (int64 $.Values.metricQueueMebibytes) 1048576) | toJson }}
    compaction:
      on_start: false
      on_rebound: true
      directory: "/state/metrics"
      cleanup_on_start: true
receivers:
  jaeger:
    protocols:
      thrift_compact:
        endpoint: "0.0.0.0:6831"
  otlp:
    protocols:
      grpc:
        endpoint: "0.0.0.0:4317"
      http:
        endpoint: "0.0.0.0:4318"
  carbon:
    endpoint: "127.0.0.1:12003"
    transport: "tcp"
    tcp_idle_timeout: "60s"
    parser:
      type: "regex"
      config:
        rules:
          - regexp: "^netdata\\.(?P<key_node>[^.]+)\\.(?P<key_chart>.+)\\.(?P<key_dimension>[^.]+)$"
            name_prefix: "netdata"
            type: "gauge"
processors:
  memory_limiter:
    check_interval: "1s"
    limit_mib: {{ $.Values.memoryLimitMebibytes | toJson }}
    spike_limit_mib: 20
  batch:
    timeout: "1s"
    send_batch_size: 2048
    send_batch_max_size: 4096
  transform/node:
    error_mode: "ignore"
    trace_statements:
      - "set(resource.attributes[\"service.name\"], \"unknown_service\") where resource.attributes[\"service.name\"] == nil"
      - "set(resource.attributes[\"edge.service\"], resource.attributes[\"service.name\"])"
      - "set(resource.attributes[\"k8s.node.name\"], \"${env:NODE_NAME}\")"
      - {{ printf "set(resource.attributes[\"k8s.cluster.name\"], \"%s\")" $.Values.cluster | toJson }}
      - "set(resource.attributes[\"service.name\"], Concat([\"${env:NODE_NAME}\", resource.attributes[\"service.name\"]], \"-\"))"
  transform/cluster:
    error_mode: "ignore"
    metric_statements:
      - {{ printf "set(datapoint.attributes[\"cluster\"], \"%s\")" $.Values.cluster | toJson }}
exporters:
  otlp_grpc/traces:
    endpoint: {{ printf "%s:%s" $.Values.host ($.Values.port | toJson) | toJson }}
    compression: "gzip"
    tls:
      ca_file: {{ $.Values.authorityFile | toJson }}
      cert_file: "/identity/tls.crt"
      key_file: "/identity/tls.key"
      reload_interval: "5m"
    retry_on_failure:
      enabled: true
      initial_interval: "5s"
      max_interval: "5m"
      max_elapsed_time: 0
    sending_queue:
      storage: "file_storage/traces"
      sizer: "bytes"
      queue_size: {{ (mul (int64 $.Values.traceQueueMebibytes) 393216) | toJson }}
      num_consumers: 2
      batch:
        flush_timeout: "5s"
        sizer: "items"
        min_size: 512
        max_size: 2048
  otlp_grpc/metrics:
    endpoint: {{ printf "%s:%s" $.Values.host ($.Values.port | toJson) | toJson }}
    compression: "gzip"
    tls:
      ca_file: {{ $.Values.authorityFile | toJson }}
      cert_file: "/identity/tls.crt"
      key_file: "/identity/tls.key"
      reload_interval: "5m"
    retry_on_failure:
      enabled: true
      initial_interval: "5s"
      max_interval: "5m"
      max_elapsed_time: 0
    sending_queue:
      storage: "file_storage/metrics"
      sizer: "bytes"
      queue_size: {{ (mul (int64 $.Values.metricQueueMebibytes) 917504) | toJson }}
      num_consumers: 2
      batch:
        flush_timeout: "5s"
        sizer: "items"
        min_size: 512
        max_size: 2048
service:
  extensions:
    - "health_check"
    - "file_storage/traces"
    - "file_storage/metrics"
  telemetry:
    metrics:
      level: "none"
  pipelines:
    traces:
      receivers:
        - "jaeger"
        - "otlp"
      processors:
        - "memory_limiter"
        - "transform/node"
      exporters:
        - "otlp_grpc/traces"
    metrics:
      receivers:
        - "carbon"
      processors:
        - "memory_limiter"
        - "transform/cluster"
        - "batch"
      exporters:
        - "otlp_grpc/metrics"
{{- end -}}
