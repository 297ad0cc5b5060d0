{{- /* Rendered by `npm run render`: do not edit, change generator/components/cloud-observability/otel-gateway.ts instead. */ -}}
{{- define "otel-gateway.gateway.yaml" -}}
extensions:
  health_check:
    endpoint: "0.0.0.0:13133"
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: "0.0.0.0:4317"
        tls:
          cert_file: "/server/tls.crt"
          key_file: "/server/tls.key"
          client_ca_file: "/clients/ca.crt"
          client_ca_file_reload: true
          min_version: "1.3"
          reload_interval: "1h"
        keepalive:
          server_parameters:
            max_connection_age: "6h"
        max_recv_msg_size_mib: 32
processors:
  memory_limiter:
    check_interval: "1s"
    limit_mib: {{ $.Values.memoryLimitMebibytes | toJson }}
    spike_limit_mib: 50
exporters:
  otlp_grpc:
    endpoint: {{ $.Values.traceStore | toJson }}
    tls:
      insecure: true
    sending_queue:
      enabled: false
    retry_on_failure:
      enabled: false
  influxdb:
    endpoint: {{ printf "http://%s" $.Values.metricStore | toJson }}
    org: "none"
    bucket: "none"
    v1_compatibility:
      enabled: true
      db: "opentsdb"
      username: "${env:INFLUXDB_USER}"
      password: "${env:INFLUXDB_PASSWORD}"
    precision: "ns"
    metrics_schema: "telegraf-prometheus-v1"
    sending_queue:
      enabled: false
    retry_on_failure:
      enabled: false
service:
  extensions:
    - "health_check"
  telemetry:
    metrics:
      level: "none"
  pipelines:
    traces:
      receivers:
        - "otlp"
      processors:
        - "memory_limiter"
      exporters:
        - "otlp_grpc"
    metrics:
      receivers:
        - "otlp"
      processors:
        - "memory_limiter"
      exporters:
        - "influxdb"
{{- end -}}
