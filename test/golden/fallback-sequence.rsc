# Fallback: ports in order. Weaker than SPA: anybody who sees the knocks can repeat them,
# indefinitely and from anywhere. A port scan touches other ports too and is barred.
:if ([:len [/ip/firewall/filter/find where comment="fwknop-mikrotik: knock udp"]] = 0) do={
  # Remove what an import may have left that ended half-way.
  /ip/firewall/filter/remove [/ip/firewall/filter/find where comment~"^fwknop-mikrotik: knock "]
  /ip/firewall/layer7-protocol/remove [/ip/firewall/layer7-protocol/find where comment~"^fwknop-mikrotik: knock "]
  # A source that touched a wrong port passes no stage for a while.
  /ip/firewall/filter/add chain=fwknop-knock action=return src-address-list=FWKNOP_KNOCK_PENALTY comment="fwknop-mikrotik: knock penalty"
  # The last stage first, so that no packet passes two.
  /ip/firewall/filter/add chain=fwknop-knock action=add-src-to-address-list address-list=FWKNOP_KNOCKED address-list-timeout=5m protocol=tcp dst-port=99 src-address-list=FWKNOP_KNOCK_2 comment="fwknop-mikrotik: knock 3 of 3"
  /ip/firewall/filter/add chain=fwknop-knock action=return protocol=tcp dst-port=99 src-address-list=FWKNOP_KNOCK_2 comment="fwknop-mikrotik: knock 3 of 3"
  /ip/firewall/filter/add chain=fwknop-knock action=add-src-to-address-list address-list=FWKNOP_KNOCK_2 address-list-timeout=10s protocol=udp dst-port=17954 src-address-list=FWKNOP_KNOCK_1 comment="fwknop-mikrotik: knock 2 of 3"
  /ip/firewall/filter/add chain=fwknop-knock action=return protocol=udp dst-port=17954 src-address-list=FWKNOP_KNOCK_1 comment="fwknop-mikrotik: knock 2 of 3"
  /ip/firewall/filter/add chain=fwknop-knock action=add-src-to-address-list address-list=FWKNOP_KNOCK_1 address-list-timeout=10s protocol=tcp dst-port=1337 comment="fwknop-mikrotik: knock 1 of 3"
  /ip/firewall/filter/add chain=fwknop-knock action=return protocol=tcp dst-port=1337 comment="fwknop-mikrotik: knock 1 of 3"
  # Not the next knock: a wrong port.
  /ip/firewall/filter/add chain=fwknop-knock action=add-src-to-address-list address-list=FWKNOP_KNOCK_PENALTY address-list-timeout=1m src-address-list=FWKNOP_KNOCK_1 comment="fwknop-mikrotik: knock astray after 1"
  /ip/firewall/filter/add chain=fwknop-knock action=add-src-to-address-list address-list=FWKNOP_KNOCK_PENALTY address-list-timeout=1m src-address-list=FWKNOP_KNOCK_2 comment="fwknop-mikrotik: knock astray after 2"
} else={
  :put "the rules of the fallback exist already and stay as they are. If they are for other knocks,"
  :put "import the script that init --undo prints, and then this one again."
}

# A knock puts its source on the list FWKNOP_KNOCKED, not on those of fwknopd, where its time could
# shorten that of an entry. Addresses in FWKNOP_ALWAYS need no knock: single ones, ranges and prefixes,
# such as /ip/firewall/address-list/add list=FWKNOP_ALWAYS address=198.51.100.0/24
:if ([:len [/ip/firewall/address-list/find where comment="fwknop-mikrotik: always 198.51.100.7"]] = 0) do={
  /ip/firewall/address-list/add list=FWKNOP_ALWAYS address=198.51.100.7 comment="fwknop-mikrotik: always 198.51.100.7"
}
:if ([:len [/ip/firewall/address-list/find where comment="fwknop-mikrotik: always 203.0.113.20-203.0.113.22"]] = 0) do={
  /ip/firewall/address-list/add list=FWKNOP_ALWAYS address=203.0.113.20-203.0.113.22 comment="fwknop-mikrotik: always 203.0.113.20-203.0.113.22"
}
:if ([:len [/ip/firewall/address-list/find where comment="fwknop-mikrotik: always 203.0.113.128/26"]] = 0) do={
  /ip/firewall/address-list/add list=FWKNOP_ALWAYS address=203.0.113.128/26 comment="fwknop-mikrotik: always 203.0.113.128/26"
}
:if ([:len [/ip/firewall/nat/find where comment="fwknop-mikrotik: knocked tcp/443"]] = 0) do={
  /ip/firewall/nat/add chain=dstnat action=dst-nat in-interface-list=WAN protocol=tcp dst-port=443 src-address-list=FWKNOP_KNOCKED to-addresses=192.168.88.10 to-ports=443 comment="fwknop-mikrotik: knocked tcp/443"
}
:if ([:len [/ip/firewall/nat/find where comment="fwknop-mikrotik: always tcp/443"]] = 0) do={
  /ip/firewall/nat/add chain=dstnat action=dst-nat in-interface-list=WAN protocol=tcp dst-port=443 src-address-list=FWKNOP_ALWAYS to-addresses=192.168.88.10 to-ports=443 comment="fwknop-mikrotik: always tcp/443"
}
:if ([:len [/ip/firewall/nat/find where comment="fwknop-mikrotik: knocked udp/51820"]] = 0) do={
  /ip/firewall/nat/add chain=dstnat action=dst-nat in-interface-list=WAN protocol=udp dst-port=51820 src-address-list=FWKNOP_KNOCKED to-addresses=192.168.88.10 to-ports=51821 comment="fwknop-mikrotik: knocked udp/51820"
}
:if ([:len [/ip/firewall/nat/find where comment="fwknop-mikrotik: always udp/51820"]] = 0) do={
  /ip/firewall/nat/add chain=dstnat action=dst-nat in-interface-list=WAN protocol=udp dst-port=51820 src-address-list=FWKNOP_ALWAYS to-addresses=192.168.88.10 to-ports=51821 comment="fwknop-mikrotik: always udp/51820"
}

    :if ([:len [/ip/firewall/filter/find where comment="fwknop-mikrotik: knock tcp"]] = 0) do={
      /ip/firewall/filter/add chain=input action=jump jump-target=fwknop-knock in-interface-list=WAN protocol=tcp connection-state=new comment="fwknop-mikrotik: knock tcp" place-before=$dropRule
    :if ([:len [/ip/firewall/filter/find where comment="fwknop-mikrotik: knock udp"]] = 0) do={
      /ip/firewall/filter/add chain=input action=jump jump-target=fwknop-knock in-interface-list=WAN protocol=udp connection-state=new comment="fwknop-mikrotik: knock udp" place-before=$dropRule
    :if ([:len [/ip/firewall/filter/find where comment="fwknop-mikrotik: knocked tcp/22"]] = 0) do={
      /ip/firewall/filter/add chain=input action=accept in-interface-list=WAN protocol=tcp dst-port=22 src-address-list=FWKNOP_KNOCKED comment="fwknop-mikrotik: knocked tcp/22" place-before=$dropRule
    :if ([:len [/ip/firewall/filter/find where comment="fwknop-mikrotik: always tcp/22"]] = 0) do={
      /ip/firewall/filter/add chain=input action=accept in-interface-list=WAN protocol=tcp dst-port=22 src-address-list=FWKNOP_ALWAYS comment="fwknop-mikrotik: always tcp/22" place-before=$dropRule
    :if ([:len [/ip/firewall/filter/find where comment="fwknop-mikrotik: knock tcp"]] = 0) do={
      /ip/firewall/filter/add chain=input action=jump jump-target=fwknop-knock in-interface-list=WAN protocol=tcp connection-state=new comment="fwknop-mikrotik: knock tcp"
    :if ([:len [/ip/firewall/filter/find where comment="fwknop-mikrotik: knock udp"]] = 0) do={
      /ip/firewall/filter/add chain=input action=jump jump-target=fwknop-knock in-interface-list=WAN protocol=udp connection-state=new comment="fwknop-mikrotik: knock udp"
    :if ([:len [/ip/firewall/filter/find where comment="fwknop-mikrotik: knocked tcp/22"]] = 0) do={
      /ip/firewall/filter/add chain=input action=accept in-interface-list=WAN protocol=tcp dst-port=22 src-address-list=FWKNOP_KNOCKED comment="fwknop-mikrotik: knocked tcp/22"
    :if ([:len [/ip/firewall/filter/find where comment="fwknop-mikrotik: always tcp/22"]] = 0) do={
      /ip/firewall/filter/add chain=input action=accept in-interface-list=WAN protocol=tcp dst-port=22 src-address-list=FWKNOP_ALWAYS comment="fwknop-mikrotik: always tcp/22"
